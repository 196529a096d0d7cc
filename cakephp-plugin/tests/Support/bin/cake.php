<?php
declare(strict_types=1);

// The test application's bin/cake.

use App\Application;
use Cake\Console\CommandRunner;

require dirname(__DIR__, 3) . '/vendor/autoload.php';
exit((new CommandRunner(new Application(dirname(__DIR__, 2) . '/test_app/config'), 'cake'))->run($argv));
