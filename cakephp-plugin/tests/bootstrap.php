<?php
declare(strict_types=1);

use Cake\Core\Configure;

require dirname(__DIR__) . '/vendor/autoload.php';

// Without it they run in plain PHP.
if (getenv('SSE_EXTENSION') !== false && !extension_loaded('sse')) {
    fwrite(STDERR, "SSE_EXTENSION is set, and the extension sse is not loaded; load it: php -d extension=…\n");
    exit(1);
}

// A TMP of their own, gone with them.
$tmp = sys_get_temp_dir() . '/sse-cakephp-' . bin2hex(random_bytes(4));
mkdir($tmp);
putenv("SSE_TMP=$tmp");
register_shutdown_function(function () use ($tmp): void {
    $files = new RecursiveIteratorIterator(
        new RecursiveDirectoryIterator($tmp, FilesystemIterator::SKIP_DOTS),
        RecursiveIteratorIterator::CHILD_FIRST,
    );
    foreach ($files as $file) {
        $file->isDir() ? rmdir((string)$file) : unlink((string)$file);
    }
    rmdir($tmp);
});

require __DIR__ . '/test_app/config/bootstrap.php';

// What the extension logs is not for the terminal.
ini_set('error_log', TMP . 'php.log');

// Under PHPUnit the environment says nothing of the plugin: each test configures what it is about.
Configure::delete('Sse');
