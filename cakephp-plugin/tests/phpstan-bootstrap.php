<?php
declare(strict_types=1);

// Constants that an application defines.
define('TMP', sys_get_temp_dir() . DIRECTORY_SEPARATOR);
define('LOGS', TMP);
define('ROOT', dirname(__DIR__));
