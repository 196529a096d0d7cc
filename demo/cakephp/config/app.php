<?php
declare(strict_types=1);

use Cake\Cache\Engine\FileEngine;
use Cake\Database\Connection;
use Cake\Database\Driver\Sqlite;
use Cake\Log\Engine\FileLog;

$cache = ['className' => FileEngine::class, 'path' => CACHE, 'mask' => 0660];

return [
    'debug' => true,
    'App' => [
        'namespace' => 'App',
        'encoding' => 'UTF-8',
        'defaultLocale' => 'en_US',
        'base' => false,
        'dir' => 'src',
        'webroot' => 'webroot',
        'wwwRoot' => WWW_ROOT,
        'fullBaseUrl' => 'http://127.0.0.1',
        'cssBaseUrl' => 'css/',
        'jsBaseUrl' => 'js/',
        'paths' => ['templates' => [ROOT . DS . 'templates' . DS]],
    ],
    'Security' => ['salt' => 'only-a-demo-on-the-loopback-so-this-may-be-read-by-everybody'],
    'Session' => ['defaults' => 'php', 'ini' => ['session.save_path' => TMP]],
    'Error' => ['errorLevel' => E_ALL, 'log' => true, 'trace' => true],
    'Cache' => [
        'default' => ['prefix' => 'demo_'] + $cache,
        '_cake_core_' => ['prefix' => 'demo_core_'] + $cache,
        '_cake_model_' => ['prefix' => 'demo_model_'] + $cache,
        '_cake_translations_' => ['prefix' => 'demo_translations_'] + $cache,
    ],
    'Datasources' => [
        'default' => [
            'className' => Connection::class,
            'driver' => Sqlite::class,
            'database' => TMP . 'demo.sqlite',
            // Web server and command line both write to it.
            'mask' => 0660,
        ],
    ],
    'Log' => [
        'error' => [
            'className' => FileLog::class,
            'path' => LOGS,
            'file' => 'error',
            'mask' => 0660,
            'levels' => ['warning', 'error', 'critical', 'alert', 'emergency'],
        ],
    ],
    // Nothing is to be configured for the plugin.
];
