<?php
declare(strict_types=1);

namespace Sse;

use Cake\Core\BasePlugin;

/**
 * Loads the plugin. It has a component, a service and strategies, none of which needs a hook.
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
    protected bool $bootstrapEnabled = false;

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
}
