<?php
/**
 * The page to look inside with. Only a demo may show it to everybody: who opens it reads and pushes everything.
 *
 *   ?ask=stream&keys[]=…    what it listens to
 *   ?ask=state&after[KEY]=  what it shows
 *   ?ask=push               what its form does
 */
declare(strict_types=1);

use Sse\Tools\Debug;
use Sse\Tools\Functions;

$tools = dirname(__DIR__) . '/tools';
spl_autoload_register(static fn(string $class) => require "$tools/src/" . strtr(substr($class, strlen('Sse\Tools\\')), '\\', '/') . '.php');

$ask = $_GET['ask'] ?? 'page';
if ($ask === 'stream') {
    Sse\stream(array_values((array)($_GET['keys'] ?? [])), ['replay' => 'none']);
    exit;
}
if ($ask === 'page') {
    $nonce = base64_encode(random_bytes(18));
    header("Content-Security-Policy: default-src 'none'; script-src 'nonce-$nonce'; style-src 'nonce-$nonce'; connect-src 'self'; img-src data:; base-uri 'none'");
    echo Debug::page(
        ['stream' => '?ask=stream', 'state' => '?ask=state', 'push' => '?ask=push'],
        (string)file_get_contents("$tools/sse.js"),
        $nonce,
    );
    exit;
}
$debug = new Debug(new Functions(), [(string)ini_get('error_log')]);
// JSON only: another site's page can't send that here without being asked by the browser first.
$isPush = $_SERVER['REQUEST_METHOD'] === 'POST' && str_starts_with($_SERVER['CONTENT_TYPE'] ?? '', 'application/json');
header('Content-Type: application/json');
echo json_encode(
    $ask === 'push' && $isPush ? $debug->push((string)file_get_contents('php://input')) : $debug->state((array)($_GET['after'] ?? [])),
    JSON_INVALID_UTF8_SUBSTITUTE | JSON_PARTIAL_OUTPUT_ON_ERROR,
);
