--TEST--
Sse\stream(): a closure may fork; the child doesn't disturb the parent's stream
--EXTENSIONS--
pcntl
posix
--FILE--
<?php
require __DIR__ . '/sse.inc';
$parent = getmypid();
$calls = 0;
$fork = function () use (&$calls): void {
    $pid = ++$calls <= 3 ? pcntl_fork() : -1;
    $pid > 0 && pcntl_waitpid($pid, $status);
    if ($pid !== 0 || $calls === 2) {
        // The second child comes back into the stream.
        return;
    }
    $calls === 3 && Sse\push('k', 'from a child');
    while (ob_get_level() > 0) {
        ob_end_clean();
    }
    exit;
};
foreach (['inotify', 'notify', 'poll'] as $signal) {
    store($signal);
    Sse\configure(['signal' => $signal]);
    $calls = 0;
    try {
        ob_start(function (): string {
            return '';
        });
        ob_start(function (string $wire) use ($parent): string {
            return getmypid() === $parent && str_contains($wire, 'from a child') ? throw new Enough() : $wire;
        }, 1);
        $end = Sse\stream('k', ['poll' => 0.05, 'lifetime' => PATIENCE, 'onLoop' => $fork]);
        if (getmypid() !== $parent) {
            file_put_contents(temporary() . '/child', $end->name);
            posix_kill(getmypid(), SIGKILL);
        }
    } catch (Enough) {
        $end = null;
    }
    ob_end_clean();
    ob_end_clean();
    echo "$signal: ", $end?->name ?? 'it arrived', ', for the child that came back: ', file_get_contents(temporary() . '/child'), "\n";
}
--EXPECT--
inotify: it arrived, for the child that came back: ClientLeft
notify: it arrived, for the child that came back: ClientLeft
poll: it arrived, for the child that came back: ClientLeft
