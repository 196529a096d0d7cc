<?php
/**
 * Pushes an event each second, so that the page has something to measure while nobody types.
 */
declare(strict_types=1);

while (true) {
    Sse\push('pulse', ['at' => microtime(true)], 'pulse');
    sleep(1);
}
