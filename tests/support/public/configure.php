<?php
/**
 * What settings are, what Sse\configure() says to some of which one may be fixed, and what they are then.
 */
declare(strict_types=1);

header('Content-Type: application/json');
$before = [ini_get('sse.dir'), ini_get('sse.heartbeat')];
try {
    Sse\configure(['heartbeat' => 7, 'retry' => 5, 'dir' => '/elsewhere', 'lifetime' => 9]);
    $said = 'set';
} catch (Sse\InvalidArgumentException $exception) {
    $said = $exception->getMessage();
}
$after = [ini_get('sse.dir'), ini_get('sse.heartbeat'), ini_get('sse.retry'), ini_get('sse.lifetime')];
Sse\configure(['heartbeat' => 8]);
echo json_encode(['before' => $before, 'said' => $said, 'after' => $after, 'then' => ini_get('sse.heartbeat')]);
