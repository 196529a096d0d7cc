<?php
declare(strict_types=1);

namespace Sse\Tests;

use Sse\Support\Frames;

require __DIR__ . '/../lib.inc';

/*
 * php -S with workers: pages are answered while streams are open, a client that left frees its worker, and when the
 * server is told to stop, streams end with whole frames.
 */

const WORKERS = 3;

$store = store();
$root = place() . '/root';
mkdir($root);
file_put_contents("$root/page.php", 'page');
file_put_contents("$root/stream.php", '<?php $end = Sse\stream("k", ["heartbeat" => 1, "replay" => "none"]); error_log("ended: $end->value");');
// A number of one's own: streams stay, whoever waits.
$settings = ['log_errors' => 1, 'sse.worker_streams' => 100];
$server = Process::server($store, $root, $settings, ['PHP_CLI_SERVER_WORKERS' => (string)WORKERS]);
until(fn (): bool => preg_match('~\(http://127\.0\.0\.1:(\d+)\) started~', $server->log()) === 1, 'the server');
preg_match('~\(http://127\.0\.0\.1:(\d+)\) started~', $server->log(), $found);
$port = (int)$found[1];

/** A request that stays open. */
function ask(int $port, string $path): mixed
{
    $socket = stream_socket_client("tcp://127.0.0.1:$port", timeout: PATIENCE) ?: fail('no connection');
    fwrite($socket, "GET $path HTTP/1.0\r\nHost: localhost\r\n\r\n");
    stream_set_blocking($socket, false);

    return $socket;
}

/** A stream's client: its socket, and what came. */
function client(int $port): array
{
    $client = ['socket' => ask($port, '/stream.php'), 'got' => []];
    $head = '';
    $got = &$client['got'];
    $frames = new Frames(function (string $event, mixed $data) use (&$got): void {
        $got[] = $event === 'connected' ? $event : $data;
    });
    $client['frames'] = $frames;
    $client['read'] = function () use ($client, $frames, &$head): bool {
        $bytes = (string)stream_get_contents($client['socket']);
        if ($head !== null) {
            $head .= $bytes;
            if (!str_contains($head, "\r\n\r\n")) {
                return false;
            }
            [, $bytes] = explode("\r\n\r\n", $head, 2);
            $head = null;
        }
        $frames->feed($bytes);

        return true;
    };
    until(function () use ($client, &$got): bool {
        $client['read']();

        return $got === ['connected'];
    }, 'a stream');

    return $client;
}

$page = function () use ($port): void {
    $socket = ask($port, '/page.php');
    $answer = '';
    until(function () use ($socket, &$answer): bool {
        $answer .= stream_get_contents($socket);

        return feof($socket);
    }, 'a page');
    str_ends_with($answer, "\r\n\r\npage") || fail("the page is $answer");
};

$clients = [client($port), client($port)];
$page();
Process::php($store, 'Sse\push("k", "to both");')->wait();
foreach ($clients as &$client) {
    until(function () use (&$client): bool {
        $client['read']();

        return $client['got'] === ['connected', 'to both'];
    }, 'the event');
}
unset($client);
// Streams come and go: each leaves its worker by the second heartbeat.
for ($round = 0; $round < WORKERS; $round++) {
    fclose(array_shift($clients)['socket']);
    $clients[] = client($port);
    $page();
}
until(fn (): bool => substr_count($server->log(), 'ended: client-left') === WORKERS, 'the log of those who left');
// Told to stop, as by Ctrl-C: all of them.
$children = array_map(intval(...), explode(' ', trim((string)file_get_contents("/proc/{$server->pid()}/task/{$server->pid()}/children"))));
same(WORKERS, count($children), 'workers');
foreach ([$server->pid(), ...$children] as $pid) {
    posix_kill($pid, SIGINT);
}
foreach ($clients as $client) {
    until(function () use ($client): bool {
        $client['read']();

        return feof($client['socket']);
    }, 'the end of a stream');
    same('', $client['frames']->cut(), 'what stands behind the last whole frame');
}
until(fn (): bool => !$server->runs(), 'the end of the server');
until(fn (): bool => array_filter($children, fn (int $pid): bool => posix_kill($pid, 0)) === [], 'the end of its workers');
substr_count($server->log(), 'ended: shutdown') === count($clients) || fail('the streams did not end by the shutdown: ' . $server->log());
pass('pages beside streams, ' . WORKERS . ' clients left, all ended at once');
