<?php
declare(strict_types=1);

// Isolated from other origins, the browser gives its clock to a few microseconds instead of a tenth of a millisecond.
header('Cross-Origin-Opener-Policy: same-origin');
header('Cross-Origin-Embedder-Policy: require-corp');
header("Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'");
header('Cache-Control: no-store');

$push = dirname(__DIR__) . '/push';
$icon = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    . "%3Ccircle cx='4' cy='8' r='3' fill='%234f5bd5'/%3E"
    . "%3Cpath d='M8 3a7 7 0 0 1 0 10M11 1a10 10 0 0 1 0 14' fill='none' stroke='%234f5bd5' stroke-width='1.8'/%3E%3C/svg%3E";
?>
<!doctype html>
<html lang="en">
<head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>sse demo</title>
    <link rel="icon" href="<?= $icon ?>">
    <link rel="stylesheet" href="style.css">
    <script type="module" src="page.js"></script>
    <script type="module" src="crowd.js"></script>
</head>
<body>
<header>
    <div>
        <h1>Push in PHP, arrive in the browser</h1>
        <p>One <code>EventSource</code>, two keys, <?= PHP_SAPI === 'cli-server' ? "PHP's own web server" : 'plain PHP behind nginx and PHP-FPM' ?>. <a href="debug.php#demo,news">Look inside</a></p>
    </div>
    <p id="state" class="state" data-state="connecting" role="status">connecting</p>
</header>
<noscript><p class="card">This page shows events as they arrive, which takes JavaScript.</p></noscript>
<main>
    <section class="card latency" aria-labelledby="latency-title">
        <div class="title">
            <h2 id="latency-title">Push to browser, last minute</h2>
            <p class="legend" aria-hidden="true"><i class="dot pulse"></i>pulse <i class="dot message"></i>message <i class="median"></i>median</p>
        </div>
        <svg id="plot" role="img" aria-label="No events yet"></svg>
        <dl class="figures">
            <div><dt>last</dt><dd id="last">–</dd></div>
            <div><dt>median</dt><dd id="median">–</dd></div>
            <div><dt>95 %</dt><dd id="p95">–</dd></div>
            <div><dt>slowest</dt><dd id="slowest">–</dd></div>
            <div><dt>events</dt><dd id="count">0</dd></div>
        </dl>
        <details>
            <summary>What is measured</summary>
            <p>
                From <code>microtime(true)</code> in PHP, right before <code>Sse\push()</code>, to the first line of the event
                handler in this page: the store, the wake-up, PHP-FPM, nginx and the browser included, also while
                it is busy drawing, as it is right after a click. A push from a terminal is measured too if it says
                when: <code>"at" =&gt; microtime(true)</code>. Replayed events are shown, not plotted. <span id="clock">The clocks are being compared.</span>
            </p>
        </details>
    </section>

    <section class="card push" aria-labelledby="push-title">
        <h2 id="push-title">Push</h2>
        <form id="push">
            <fieldset>
                <legend>to the key</legend>
                <label><input type="radio" name="key" value="demo" checked><span>demo</span></label>
                <label><input type="radio" name="key" value="news"><span>news</span></label>
            </fieldset>
            <label class="field">
                <span>Message</span>
                <input name="message" value="hello" maxlength="250" required autocomplete="off">
            </label>
            <div class="buttons">
                <button name="count" value="1">Push</button>
                <button name="count" value="100" class="quiet">Push 100 at once</button>
            </div>
            <p id="pushed" role="status">&nbsp;</p>
        </form>
        <h3>Or from another terminal</h3>
        <div class="command">
            <pre tabindex="0"><code id="command" data-command="<?= htmlspecialchars($push) ?>"><?= htmlspecialchars("$push demo hello") ?></code></pre>
            <button id="copy" class="quiet">Copy</button>
        </div>
    </section>

    <section class="card stream" aria-labelledby="stream-title">
        <h2 id="stream-title">Live stream</h2>
        <div class="lanes">
            <div>
                <h3 id="demo-title"><span class="key demo">demo</span></h3>
                <ol id="demo" role="log" aria-labelledby="demo-title" tabindex="0"></ol>
            </div>
            <div>
                <h3 id="news-title"><span class="key news">news</span></h3>
                <ol id="news" role="log" aria-labelledby="news-title" tabindex="0"></ol>
            </div>
        </div>
    </section>

    <section class="card connection" aria-labelledby="connection-title">
        <div class="title">
            <h2 id="connection-title">Connection</h2>
            <button id="toggle" class="quiet">Disconnect</button>
        </div>
        <p id="hint">Disconnect, push a few, reconnect: nothing is lost.</p>
        <dl class="facts">
            <dt>since</dt><dd id="since">–</dd>
            <dt>connected</dt><dd id="connects">0 times</dd>
            <dt>cursor</dt><dd id="cursor">–</dd>
            <dt>events</dt><dd id="received">0</dd>
            <dt>served by</dt><dd id="served">–</dd>
        </dl>
    </section>

    <section class="card crowd" aria-labelledby="crowd-title">
        <h2 id="crowd-title">A crowd</h2>
        <dl class="figures">
            <div><dt>streams</dt><dd id="streams">–</dd></div>
            <div><dt>PHP workers</dt><dd id="workers">–</dd></div>
            <div><dt>plain pages</dt><dd id="answers">0</dd></div>
            <div><dt>their median</dt><dd id="answered">–</dd></div>
        </dl>
        <div class="buttons" id="crowd-buttons" hidden>
            <button id="more"></button>
            <button id="fewer" class="quiet">Close them</button>
            <label class="switch"><input type="checkbox" id="closures"> each with a <code>beforeSend</code> of its own: <span id="recalls">no</span> recalls a second</label>
        </div>
        <p id="crowd-hindrance" role="status" hidden></p>
    </section>
</main>
</body>
</html>
