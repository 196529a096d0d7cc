<?php
declare(strict_types=1);

// Pushes what each line of standard input says, [key, payload], through the test application on the command line, and
// answers whether it was kept.

use App\Application;
use Sse\Service\SseService;

require dirname(__DIR__, 3) . '/vendor/autoload.php';
(new Application(dirname(__DIR__, 2) . '/test_app/config'))->bootstrap();

while (($line = fgets(STDIN)) !== false) {
    [$key, $payload] = json_decode($line, true, flags: JSON_THROW_ON_ERROR);
    echo json_encode(SseService::push($key, $payload)), "\n";
}
