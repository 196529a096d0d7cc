--TEST--
open_basedir: no path that PHP code names leads out of it, by whatever engine, link or ".."
--FILE--
<?php
require __DIR__ . '/sse.inc';
$inside = temporary();
$outside = "$inside-outside";
mkdir($outside);
// PHP may not do this itself by then.
register_shutdown_function(fn () => shell_exec('rm -r ' . escapeshellarg($outside) . '; find ' . escapeshellarg($inside) . ' -type l -delete'));
file_put_contents("$outside/secret", "another tenant's");
symlink($outside, "$inside/link");
mkdir("$inside/a");
symlink("$outside/new.sqlite", "$inside/link.sqlite");
symlink("$outside/secret", "$inside/new.sqlite-wal");
symlink("$outside/new", "$inside/events.sqlite-signals");
$listener = stream_socket_server('tcp://127.0.0.1:0');
$redis = stream_socket_get_name($listener, false);
ini_set('open_basedir', "$inside:" . __DIR__);

$paths = [
    "file://$outside",
    "file://$inside/a/../../" . basename($outside),
    "file://$inside/link",
    "file://$inside/link/new",
    "sqlite://$outside/new.sqlite",
    "sqlite://$inside/link.sqlite",
    "sqlite://$inside/new.sqlite",
    "sqlite://$inside/events.sqlite",
    "redis+unix://$outside/redis.sock",
    "redis://$redis?password_file=$outside/secret",
    "redis://$redis?password_file=$inside/link/secret",
    "rediss://$redis?tls_ca=$outside/secret",
];
$refused = function (Closure $action, string $what): void {
    try {
        $action();
        echo "$what: done\n";
    } catch (Sse\InvalidArgumentException $exception) {
        str_contains($exception->getMessage(), 'open_basedir') || print("$what: {$exception->getMessage()}\n");
    }
};
foreach ($paths as $dsn) {
    $refused(fn () => Sse\push('k', 1, null, ['dsn' => $dsn]), "push $dsn");
    $refused(fn () => Sse\stream('k', ['dsn' => $dsn, 'follow' => false]), "stream $dsn");
    $refused(fn () => Sse\read('k', options: ['dsn' => $dsn]), "read $dsn");
    $refused(fn () => Sse\cursor('k', ['dsn' => $dsn]), "cursor $dsn");
    $refused(fn () => Sse\status(['dsn' => $dsn]), "status $dsn");
    $refused(fn () => Sse\configure(['dsn' => $dsn]), "configure $dsn");
    ini_set('sse.dsn', $dsn);
    $refused(fn () => Sse\push('k', 1), "ini_set $dsn");
    ini_restore('sse.dsn');
}
$refused(fn () => Sse\configure(['dir' => $outside]), 'dir');
ini_set('sse.dir', $outside);
$refused(fn () => Sse\push('k', 1), 'ini_set dir');
ini_restore('sse.dir');
foreach (['hub_socket', 'hub_log'] as $name) {
    $refused(fn () => Sse\configure([$name => "$outside/hub"]), $name);
    ini_set("sse.$name", "$inside/link/hub");
    $refused(fn () => Sse\hub(['idle' => 0.01]), "ini_set $name");
    ini_restore("sse.$name");
}
stream_set_blocking($listener, false);
var_dump(@stream_socket_accept($listener, 0));

// What is said; and within it all is as usual.
attempt(fn () => Sse\push('k', 1, null, ['dsn' => "redis://127.0.0.1?password_file=$outside/secret"]));
mkdir("$inside/store");
attempt(fn () => strlen(Sse\push('k', 1, null, ['dsn' => "file://$inside/store"])) > 10);
attempt(fn () => strlen(Sse\push('k', 1, null, ['dsn' => "sqlite://$inside/store/events.sqlite"])) > 10);
// A link that was changed since the store was opened.
rename("$inside/store", "$inside/before");
shell_exec('ln -s ' . escapeshellarg($outside) . ' ' . escapeshellarg("$inside/store"));
$refused(fn () => Sse\push('k', 1, null, ['dsn' => "file://$inside/store"]), 'a link made later');
shell_exec('rm ' . escapeshellarg("$inside/store"));
print_r(explode("\n", trim((string)shell_exec('ls ' . escapeshellarg($outside)))));
--EXPECT--
bool(false)
Sse\InvalidArgumentException: Sse\push(): option "dsn" leads to {temporary}-outside/secret, which open_basedir keeps from PHP code: it allows {temporary}:{tests}; choose a path in there, or have the administrator set it in php.ini or with php_admin_value, where it passes
true
true
Array
(
    [0] => secret
)
