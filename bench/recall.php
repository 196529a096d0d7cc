<?php
/**
 * Streams with closures that the hub has: what PHP costs them. Push to client for one stream, for many that share what
 * PHP makes, and for many with a beforeSend of their own; memory at the hub.
 *
 * usage: php -d extension=SSE.SO recall.php SSE.SO CLIENTS-PROGRAM [STREAMS [ROUNDS]]
 */
declare(strict_types=1);

namespace Sse\Bench;

use RuntimeException;

require __DIR__ . '/functions.php';

const PUSHES = 20;
const PAUSE_US = 200_000;
const OWN = 2_000;
/** What a browser sends besides, with a session's cookie. */
const BROWSER = [
    'Connection: keep-alive',
    'sec-ch-ua: "Chromium";v="130", "Google Chrome";v="130", "Not?A_Brand";v="99"',
    'sec-ch-ua-mobile: ?0',
    'sec-ch-ua-platform: "Linux"',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
    'Cache-Control: no-cache',
    'Sec-Fetch-Site: same-origin',
    'Sec-Fetch-Mode: cors',
    'Sec-Fetch-Dest: empty',
    'Referer: http://127.0.0.1/dashboard',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: en-US,en;q=0.9,de;q=0.8',
    'Cookie: theme=dark; PHPSESSID=0123456789abcdef012{n}',
];
const EVENTS_FOR_OWN = 5;

[, $extension, $program] = $argv;
$streams = (int)($argv[3] ?? 9_000);
$rounds = (int)($argv[4] ?? 3);
$stack = stack($extension, 2 * max($streams, OWN) + 200);

$plain = '/stream.php?key=%s';
$shared = '/closures.php?key=%s&with[]=beforeSend&options=' . rawurlencode('{"shared":true}');
$own = '/closures.php?key=%s&with[]=beforeSend';
// The same action, which delivers what is pending: nothing.
$once = $stack->url . '/closures.php?key=nothing&with[]=beforeSend&options=' . rawurlencode('{"follow":false}');

printf("streams whose events PHP makes, %d FPM workers; %d pushes, %d ms apart; %d rounds\n", WORKERS, PUSHES, PAUSE_US / 1_000, $rounds);
printf("%-44s %9s %10s %10s %10s %6s %9s\n", '', 'streams', 'connect s', 'p50 µs', 'p99', 'lost', 'hub B/str');
for ($round = 1; $round <= $rounds; $round++) {
    measured('no closures', $plain, 1, $round);
    measured('beforeSend', $own, 1, $round);
    printf("%-44s %9s %10s %10.0f\n", 'the same action as an ordinary request', '', '', at(requests($once), .5));
    measured('no closures', $plain, $streams, $round);
    measured('shared beforeSend', $shared, $streams, $round);

    $key = "own-$round";
    $clients = new Clients($program, $stack->url, str_replace('%s', $key, $own), OWN);
    $connected = $clients->answer();
    $began = hrtime(true);
    for ($number = 0; $number < EVENTS_FOR_OWN; $number++) {
        $clients->ask(1);
        \Sse\push($key, ['n' => $number, 't' => hrtime(true)]);
        $answer = $clients->answer();
        if ($answer['lost'] + $answer['doubled'] > 0) {
            throw new RuntimeException(json_encode($answer) ?: 'lost');
        }
    }
    $recalls = OWN * EVENTS_FOR_OWN / ((hrtime(true) - $began) / 1e9);
    $clients->leave();
    $requests = requestsPerSecond($once);
    printf(
        "%-44s %9s %10.3f %10.0f a second; ordinary requests of the same action, two at a time: %.0f (ratio %.2f)\n",
        'recalls of beforeSend, one for each stream', number_format(OWN), $connected['seconds'], $recalls, $requests, $recalls / $requests,
    );
    sleep(1);
}

/** One line of figures: pushes to so many streams of a path. */
function measured(string $name, string $path, int $streams, int $round): void
{
    global $program, $stack;
    $key = rawurlencode("$name-$streams-$round");
    $path = str_replace('%s', $key, $path);
    $hub = $stack->hub?->socket . '.pid';
    // A new one: memory that an earlier crowd gave back would be taken first.
    is_file($hub) && posix_kill((int)file_get_contents($hub), SIGKILL);
    $first = new Clients($program, $stack->url, $path, 1, BROWSER);
    $first->answer();
    usleep(PAUSE_US);
    $before = anonymousKib((int)file_get_contents($hub));
    $clients = new Clients($program, $stack->url, $path, $streams, BROWSER);
    $connected = $clients->answer();
    // Streams are handed over when their client is connected already.
    usleep(PAUSE_US);
    $grown = anonymousKib((int)file_get_contents($hub)) - $before;
    $first->leave();
    $clients->ask(PUSHES);
    for ($number = 0; $number < PUSHES; $number++) {
        \Sse\push(rawurldecode($key), ['n' => $number, 't' => hrtime(true)]);
        usleep(PAUSE_US);
    }
    $pushed = $clients->answer();
    $clients->leave();
    sleep(1);
    printf(
        "%-44s %9s %10.3f %10.0f %10.0f %6d %9s\n",
        $name, number_format($connected['connected']), $connected['seconds'], $pushed['p50_us'], $pushed['p99_us'],
        $pushed['lost'] + $pushed['doubled'] + $pushed['ended'],
        $streams > 1 ? number_format($grown * 1024 / $streams) : '-',
    );
}

/**
 * How long ordinary requests take, as far apart as pushes are: nanoseconds.
 *
 * @return non-empty-list<int>
 */
function requests(string $url): array
{
    $took = [];
    for ($number = 0; $number < PUSHES; $number++) {
        usleep(PAUSE_US);
        $began = hrtime(true);
        file_get_contents($url);
        $took[] = hrtime(true) - $began;
    }

    return $took;
}

/** By ApacheBench, two at a time as recalls are. */
function requestsPerSecond(string $url): float
{
    exec('ab -q -l -n 4000 -c 2 ' . escapeshellarg($url), $lines);
    preg_match('/^Requests per second:\s+([\d.]+)/m', implode("\n", $lines), $found)
        ?: throw new RuntimeException('ab, of apache2-utils, says nothing');

    return (float)$found[1];
}
