<?php
/**
 * Pushes [name, from], … [name, to], and answers with a line for each: its id, and the number.
 */
declare(strict_types=1);

for ($number = (int)$_GET['from']; $number <= (int)$_GET['to']; $number++) {
    echo Sse\push('k', [$_GET['name'], $number]), " $number\n";
}
