<?php
/**
 * A stream of ?key=… whose beforeSend answers with all that an application, or a page for debugging, can see of its
 * request; ?plain=1 answers with it at once.
 */
declare(strict_types=1);

function looks(): array
{
    ob_start();
    phpinfo();
    $environment = [];
    foreach ([INPUT_SERVER, INPUT_ENV, INPUT_GET, INPUT_POST, INPUT_COOKIE] as $source) {
        $environment[] = filter_input_array($source);
    }

    return [
        'recalling' => Sse\recalling(),
        'preloaded' => class_exists('Preloaded', false),
        'server' => $_SERVER,
        'env' => $_ENV,
        'get' => $_GET,
        'cookie' => $_COOKIE,
        'asked' => [getenv('SSE_RECALL'), $_SERVER['SSE_RECALL'] ?? null, $_ENV['SSE_RECALL'] ?? null],
        'all' => json_encode([getenv(), $environment, $_REQUEST], JSON_INVALID_UTF8_SUBSTITUTE) . ob_get_clean(),
    ];
}

$seen = looks();
if (isset($_GET['plain'])) {
    exit(json_encode($seen, JSON_INVALID_UTF8_SUBSTITUTE));
}
header('X-Of-The-Script: 1');
setcookie('of', 'the-script');
Sse\stream($_GET['key'], ['beforeSend' => fn(array $payload): array => $payload + ['seen' => $seen]]);
