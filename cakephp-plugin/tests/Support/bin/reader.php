<?php
declare(strict_types=1);

// One stream of the test application, on standard output: its key in base64, and its options as JSON.

use App\Application;
use Cake\Controller\ComponentRegistry;
use Cake\Controller\Controller;
use Cake\Http\ServerRequest;
use Sse\Controller\Component\SseComponent;

require dirname(__DIR__, 3) . '/vendor/autoload.php';
(new Application(dirname(__DIR__, 2) . '/test_app/config'))->bootstrap();

[, $key, $options] = $argv;
$component = new SseComponent(new ComponentRegistry(new Controller(new ServerRequest())));
echo $component->stream((string)base64_decode($key), json_decode($options, true))->getBody()->getContents();
