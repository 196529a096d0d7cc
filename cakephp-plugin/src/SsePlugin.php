<?php
declare(strict_types=1);

namespace Sse;

use Cake\Console\CommandCollection;
use Cake\Core\BasePlugin;
use Cake\Core\Configure;
use Cake\Core\ContainerInterface;
use Cake\Core\PluginApplicationInterface;
use Cake\Http\MiddlewareQueue;
use Cake\Routing\RouteBuilder;
use Sse\Command\GcCommand;
use Sse\Command\HubCommand;
use Sse\Command\PushCommand;
use Sse\Command\StatusCommand;
use Sse\Command\TailCommand;
use Sse\Http\RecallMiddleware;
use Sse\Service\EventServiceInterface;
use Sse\Service\Settings;
use Sse\Service\SseService;

/**
 * Brings the settings of config/sse.php, the service for the container, the commands `bin/cake sse …`, `/sse-debug`,
 * and what requests need that the extension's hub makes anew.
 */
class SsePlugin extends BasePlugin
{
    private const COMMANDS = [
        GcCommand::class,
        HubCommand::class,
        PushCommand::class,
        StatusCommand::class,
        TailCommand::class,
    ];

    protected bool $eventsEnabled = false;

    /**
     * Sets what the application left out of `Sse` in its configuration.
     *
     * @param \Cake\Core\PluginApplicationInterface<object> $app
     */
    public function bootstrap(PluginApplicationInterface $app): void
    {
        Configure::write('Sse', (array)Configure::read('Sse') + Settings::defaults());
    }

    /**
     * First of all one for requests that the extension's hub makes anew.
     */
    public function middleware(MiddlewareQueue $middlewareQueue): MiddlewareQueue
    {
        return recalling() ? $middlewareQueue->prepend(new RecallMiddleware()) : $middlewareQueue;
    }

    public function console(CommandCollection $commands): CommandCollection
    {
        foreach (self::COMMANDS as $command) {
            $commands->add($command::defaultName(), $command);
        }

        return $commands;
    }

    /**
     * `/sse-debug`, in debug mode only.
     */
    public function routes(RouteBuilder $routes): void
    {
        if (Configure::read('debug')) {
            $routes->plugin('Sse', ['path' => '/sse-debug'], function (RouteBuilder $routes): void {
                $routes->connect('/', ['controller' => 'Debug', 'action' => 'index']);
                $routes->connect('/{action}', ['controller' => 'Debug'], ['action' => 'stream|state|push']);
            });
        }
    }

    /**
     * A service that the application has put there itself stays.
     */
    public function services(ContainerInterface $container): void
    {
        // Not shared: after SseService::reset() it is another one.
        $container->add(EventServiceInterface::class, fn(): EventServiceInterface => SseService::service());
    }
}
