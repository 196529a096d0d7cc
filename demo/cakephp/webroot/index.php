<?php
declare(strict_types=1);

use App\Application;
use Cake\Http\Server;

// `bin/cake server`: PHP's built-in web server asks here for each file, and sends it itself at a false.
if (PHP_SAPI === 'cli-server') {
    $_SERVER['PHP_SELF'] = '/' . basename(__FILE__);
    $path = (string)parse_url(urldecode($_SERVER['REQUEST_URI']), PHP_URL_PATH);
    if (!str_contains($path, '..') && str_contains($path, '.') && is_file(__DIR__ . $path)) {
        return false;
    }
}

require dirname(__DIR__) . '/vendor/autoload.php';

$server = new Server(new Application(dirname(__DIR__) . '/config'));
$server->emit($server->run());
