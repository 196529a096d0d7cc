<?php
declare(strict_types=1);

use Cake\Routing\RouteBuilder;

return function (RouteBuilder $routes): void {
    $routes->setExtensions(['sse']);
    $routes->scope('/stream', ['controller' => 'Stream'], function (RouteBuilder $routes): void {
        $routes->connect('/{action}', ['_ext' => 'sse']);
    });
    $routes->connect('/stream/{action}', ['controller' => 'Stream']);
    $routes->connect('/reports/{action}/*', ['controller' => 'Reports']);
    $routes->connect('/news/{action}', ['controller' => 'News']);
    $routes->connect('/probe/{action}', ['controller' => 'Probe']);
};
