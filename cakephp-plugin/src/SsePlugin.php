<?php
declare(strict_types=1);

namespace Sse;

use Cake\Core\BasePlugin;
use Cake\Core\Configure;
use Cake\Core\PluginApplicationInterface;
use Sse\Service\Settings;

/**
 * Brings the settings of config/sse.php.
 */
class SsePlugin extends BasePlugin
{
    /**
     * @var string|null
     */
    protected ?string $name = 'Sse';

    /**
     * @var bool
     */
    protected bool $consoleEnabled = false;

    /**
     * @var bool
     */
    protected bool $middlewareEnabled = false;

    /**
     * @var bool
     */
    protected bool $servicesEnabled = false;

    /**
     * @var bool
     */
    protected bool $routesEnabled = false;

    /**
     * @var bool
     */
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
}
