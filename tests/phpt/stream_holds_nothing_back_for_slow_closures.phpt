--TEST--
Sse\stream(): a client doesn't wait for slow closures: what is ready goes out
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
foreach (['a', 'b', 'c'] as $payload) {
    Sse\push('k', $payload);
}
$wire = '';
ob_start(function (string $bytes) use (&$wire): string {
    $wire .= $bytes;

    return '';
}, 1);
$seen = [];
Sse\stream('k', ['replay' => 'all', 'follow' => false, 'beforeSend' => function (string $payload) use (&$wire, &$seen): string {
    $seen[$payload] = array_filter(['connected', '"a"', '"b"'], fn (string $text): bool => str_contains($wire, $text));
    // Longer than what may be held back.
    usleep(60_000);

    return $payload;
}]);
ob_end_clean();
foreach ($seen as $payload => $texts) {
    echo "when it is asked about $payload, the client has: ", implode(' ', $texts), "\n";
}
--EXPECT--
when it is asked about a, the client has: connected
when it is asked about b, the client has: connected "a"
when it is asked about c, the client has: connected "a" "b"
