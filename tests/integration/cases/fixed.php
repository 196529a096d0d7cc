<?php
declare(strict_types=1);

namespace Sse\Tests;

require __DIR__ . '/../lib.inc';

/*
 * PHP-FPM: a pool's php_value is a default, its php_admin_value can't be changed; Sse\configure() then changes nothing.
 */

$version = PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION;
$fpm = trim((string)shell_exec("PATH=\"\$PATH:/usr/local/sbin:/usr/sbin:/sbin\"; command -v php-fpm$version || command -v php-fpm"));
$fpm !== '' || skip('there is no PHP-FPM');
str_contains((string)shell_exec(escapeshellarg($fpm) . ' -v'), ' ' . PHP_VERSION . ' ') || skip("$fpm is another PHP");

$store = store();
$socket = place() . '/fpm.sock';
$script = place() . '/page.php';
file_put_contents($script, <<<'PHP'
    <?php
    $before = [ini_get('sse.dir'), ini_get('sse.heartbeat')];
    try {
        Sse\configure(['heartbeat' => 7, 'retry' => 5, 'dir' => '/elsewhere', 'lifetime' => 9]);
        $said = 'set';
    } catch (Sse\InvalidArgumentException $error) {
        $said = $error->getMessage();
    }
    $after = [ini_get('sse.dir'), ini_get('sse.heartbeat'), ini_get('sse.retry'), ini_get('sse.lifetime')];
    Sse\configure(['heartbeat' => 8]);
    echo json_encode([$before, $said, $after, ini_get('sse.heartbeat')]);
    PHP);
file_put_contents(place() . '/fpm.conf', implode("\n", [
    '[global]',
    'error_log = ' . place() . '/fpm.log',
    'daemonize = no',
    '[www]',
    ...(posix_getuid() === 0 ? ['user = root'] : []),
    "listen = $socket",
    'pm = static',
    'pm.max_children = 1',
    "php_admin_value[sse.dir] = $store",
    'php_value[sse.heartbeat] = 5',
    '',
]));
$server = Process::program([$fpm, '-n', '-R', '-F', '-y', place() . '/fpm.conf', '-d', 'extension=' . place() . '/sse.so']);
until(fn (): bool => @stream_socket_client("unix://$socket") !== false, 'PHP-FPM');

// Each request: what one has set is gone in the next.
for ($request = 0; $request < 2; $request++) {
    [$before, $said, $after, $then] = json_decode(ask($socket, $script), true) ?? fail('no answer');
    same([$store, '5'], $before, 'what the pool has set');
    same("Sse\\configure(): sse.dir is fixed by the server's configuration (php_admin_value) and can't be changed here", $said, 'the answer');
    same([$store, '5', '1000-4000', '3600'], $after, 'the settings after that');
    same('8', $then, 'one that is not fixed');
}
$server->kill();
pass('php_admin_value holds, and nothing else is changed then');

/** One FastCGI request; answers the body. */
function ask(string $socket, string $script): string
{
    $parameters = '';
    foreach (['SCRIPT_FILENAME' => $script, 'SCRIPT_NAME' => '/page.php', 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/'] as $name => $value) {
        $parameters .= pack('CN', strlen($name), strlen($value) | 0x8000_0000) . $name . $value;
    }
    $record = fn (int $type, string $content): string => pack('CCnnCx', 1, $type, 1, strlen($content), 0) . $content;
    $connection = stream_socket_client("unix://$socket") ?: fail('no connection to PHP-FPM');
    stream_set_timeout($connection, PATIENCE);
    fwrite($connection, $record(1, pack('nCx5', 1, 0)) . $record(4, $parameters) . $record(4, '') . $record(5, ''));
    $output = '';
    while (strlen($head = (string)fread($connection, 8)) === 8) {
        ['type' => $type, 'length' => $length, 'padding' => $padding] = unpack('Cversion/Ctype/nid/nlength/Cpadding', $head);
        $content = $length + $padding > 0 ? (string)stream_get_contents($connection, $length + $padding) : '';
        $type === 6 && $output .= substr($content, 0, $length);
        if ($type === 3) {
            break;
        }
    }

    return explode("\r\n\r\n", $output, 2)[1] ?? '';
}
