<?php
declare(strict_types=1);

if (extension_loaded('sse')) {
    throw new RuntimeException('The extension sse is loaded, so nothing of plain PHP would be tested; run these without it.');
}

require dirname(__DIR__) . '/vendor/autoload.php';
