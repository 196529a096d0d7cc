<?php
/**
 * Loads the classes and functions of this directory.
 */
declare(strict_types=1);

require __DIR__ . '/functions.php';
foreach (['Child', 'Client', 'Frames', 'RedisServer'] as $class) {
    require __DIR__ . "/$class.php";
}
foreach (['Options', 'Application', 'Configuration', 'Hub', 'Stack'] as $class) {
    require __DIR__ . "/stack/$class.php";
}
