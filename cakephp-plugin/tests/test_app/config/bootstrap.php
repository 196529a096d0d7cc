<?php
declare(strict_types=1);

use Cake\Cache\Cache;
use Cake\Cache\Engine\FileEngine;
use Cake\Core\Configure;
use Cake\Database\Connection;
use Cake\Database\Driver\Sqlite;
use Cake\Datasource\ConnectionManager;
use Cake\Error\ErrorTrap;
use Cake\Error\ExceptionTrap;
use Cake\Log\Engine\FileLog;
use Cake\Log\Log;
use Cake\Utility\Security;

require_once __DIR__ . DIRECTORY_SEPARATOR . 'paths.php';
require_once CORE_PATH . 'config' . DS . 'bootstrap.php';
require_once CAKE . 'functions.php';

foreach ([TMP, LOGS, CACHE] as $directory) {
    if (!is_dir($directory)) {
        mkdir($directory, recursive: true);
        // Web server and command line share it by its group, whatever the umask.
        chmod($directory, 02770);
    }
}

date_default_timezone_set('America/Caracas');
Configure::write('debug', true);
Configure::write('App', [
    'namespace' => 'App',
    'encoding' => 'UTF-8',
    'defaultLocale' => 'en_US',
    'base' => false,
    'dir' => 'src',
    'webroot' => 'webroot',
    'wwwRoot' => WWW_ROOT,
    'fullBaseUrl' => 'http://localhost',
    'jsBaseUrl' => 'js/',
    'paths' => ['templates' => [ROOT . DS . 'templates' . DS]],
]);
Configure::write('Session', ['defaults' => 'php', 'ini' => ['session.save_path' => TMP]]);
Configure::write('Error', ['errorLevel' => E_ALL, 'log' => true, 'trace' => true]);
// What a test under FPM wants of the plugin.
Configure::write('Sse', json_decode($_SERVER['SSE_TEST_CONFIG'] ?? getenv('SSE_TEST_CONFIG') ?: '{}', true));
Security::setSalt('a-long-but-not-very-random-value-for-the-test-application');

if (PHP_SAPI !== 'cli' || !defined('PHPUNIT_COMPOSER_INSTALL')) {
    (new ErrorTrap(Configure::read('Error')))->register();
    (new ExceptionTrap(Configure::read('Error')))->register();
}

// What a test wants of the application besides, by the name of the class that is configured.
$wanted = json_decode($_SERVER['SSE_TEST_APP'] ?? getenv('SSE_TEST_APP') ?: '{}', true);

$cache = ['className' => FileEngine::class, 'path' => CACHE, 'prefix' => 'app_', 'mask' => 0660];
Cache::setConfig(($wanted['Cache'] ?? []) + [
    'default' => $cache,
    'short_term' => ['prefix' => 'app_short_', 'duration' => '+1 minute'] + $cache,
    'sse' => ['prefix' => 'app_sse_'] + $cache,
    '_cake_core_' => ['prefix' => 'app_core_'] + $cache,
    '_cake_model_' => ['prefix' => 'app_model_'] + $cache,
    '_cake_translations_' => ['prefix' => 'app_translations_'] + $cache,
]);
Log::setConfig('app', [
    'className' => FileLog::class, 'path' => LOGS, 'file' => 'app', 'mask' => 0660, 'levels' => ['error', 'warning'],
]);
ConnectionManager::setConfig('default', ($wanted['Datasources']['default'] ?? []) + [
    'className' => Connection::class,
    'driver' => Sqlite::class,
    'database' => TMP . 'app.sqlite',
    'cacheMetadata' => false,
]);
