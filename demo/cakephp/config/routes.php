<?php
declare(strict_types=1);

use Cake\Routing\RouteBuilder;

return function (RouteBuilder $routes): void {
    $routes->connect('/stream/{action}', ['controller' => 'Stream']);
    $routes->connect('/', ['controller' => 'Pages', 'action' => 'home']);
    $routes->get('/seen', ['controller' => 'Pages', 'action' => 'seen']);
    $routes->post('/toasts', ['controller' => 'Pages', 'action' => 'toast']);
    $routes->post('/reports', ['controller' => 'Pages', 'action' => 'report']);
};
