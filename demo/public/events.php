<?php
/**
 * The page's stream: three keys in one response. Authenticate and authorize here, as for any other page.
 *
 *   ?closures=1   with a beforeSend, as the page's crowd has it: each client's own makes of an event what it gets
 */
declare(strict_types=1);

$options = isset($_GET['closures'])
    ? ['beforeSend' => fn(mixed $payload): mixed => is_array($payload) ? $payload + ['made' => microtime(true)] : $payload]
    : [];

Sse\stream(['demo', 'news', 'pulse'], $options);
