<?php
/**
 * @var \App\View\AppView $this
 * @var int $userId
 * @var string $command
 */

// From here on: a toast that was shown isn't shown again by the next page, and none is lost between two pages.
$this->Sse->connect(
    ['controller' => 'Stream', 'action' => 'reports'],
    "USER_QUEUE_$userId",
    ['resume' => true, 'user' => $userId, 'block' => true],
);
?>
<header>
    <div>
        <h1>CakePHP, streaming</h1>
        <p>You are user 1. Open a second tab: it gets the same events, over the same connection. <a href="/sse-debug#USER_QUEUE_1">Look inside</a></p>
    </div>
    <p id="state" class="state" data-state="connecting" role="status">connecting</p>
</header>
<main>
    <section class="card">
        <h2>Push</h2>
        <button data-post="/toasts">A toast</button>
        <p class="hint">Its payload has all that the page shows.</p>
        <button data-post="/reports">A report</button>
        <p class="hint">It is saved, and only its id is pushed; <code>beforeSend</code> fetches the rest.</p>
        <?php if ($command !== '') : ?>
            <h3>Or from a terminal</h3>
            <pre><code><?= h($command) ?></code></pre>
        <?php endif ?>
    </section>
    <section class="card">
        <h2>Reports</h2>
        <p id="none" class="hint">None yet.</p>
        <ol id="reports"></ol>
    </section>
    <section class="card">
        <h2>On the wire</h2>
        <p class="hint">Each event, as the browser gets it.</p>
        <ol id="wire" role="log" aria-label="Events" tabindex="0"></ol>
    </section>
    <section class="card">
        <h2>Online</h2>
        <p class="hint"><code>onLoop</code> writes to the cache that you are there, as long as the stream is open.</p>
        <p>Last seen <b id="seen">–</b></p>
        <button id="toggle" class="quiet">Close the stream</button>
    </section>
</main>
<div id="toasts" role="log" aria-label="Toasts"></div>
