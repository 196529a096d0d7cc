<?php
/**
 * Loads the classes of this directory.
 */
declare(strict_types=1);

foreach (['functions', 'Options', 'Child', 'Application', 'Configuration', 'Hub', 'Stack'] as $file) {
    require __DIR__ . "/$file.php";
}
