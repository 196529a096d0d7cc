<?php
declare(strict_types=1);

// Every setting of the plugin, with its default. The plugin loads this file by itself: what the application has under
// `Sse` in its own configuration (config/app_local.php) wins, so leave out there what is to stay as it is here.
//
// Settings of the extension (how long events are kept, the hub and so on) stand in php.ini as `sse.*`. Without it, in
// plain PHP, they are also the environment's `SSE_*`, or set by Sse\configure() in config/bootstrap.php.

return [
    'Sse' => [
        // Where payloads are kept: 'native' (in the extension's store), 'cache', 'database', 'redis', or a class with
        // Sse\Service\Payload\PayloadStrategyInterface. null is 'native', or 'cache' where signal_engine is set.
        'payload_engine' => null,

        // What wakes streams: 'file' (the store itself), or a class with Sse\Service\Signal\SignalStrategyInterface,
        // which is asked every `poll` seconds besides. null is 'file'.
        'signal_engine' => null,

        // Where order, ids and wake-ups are kept, and with 'native' the payloads too, as a data source name:
        // 'file:///absolute/directory', 'sqlite:///absolute/file' or 'redis://host:6379/0'. The place has to be there.
        // null is the directory TMP/sse, which the plugin makes.
        'dsn' => null,

        // For 'cache': the name of the cache configuration. Other processes have to be able to read it.
        'cache_config' => 'default',

        // For 'database': the model of the table that the plugin's migration makes.
        'payloads_model' => 'Sse.Payloads',

        // For 'redis': the name of a cache configuration of CakePHP's Redis, whose server is used, or a data source
        // name of its own. null is `dsn` if that is one of Redis, else 'default'. In plain PHP the payloads are in that
        // cache, and their order is in `dsn`.
        'redis_config' => null,

        // What follows are options of streams; those of loadComponent('Sse.Sse', [...]) and of stream() win.
        // null leaves them to SseComponent::$_defaultConfig, and what isn't there to the extension.

        // Seconds between two calls of onLoop, and between two looks at a signal class or the database; 0.05 to 3600.
        // Events don't wait for it. Else 2.
        'poll' => null,

        // Name of events whose payload has no member `event`. Else 'message'.
        'eventName' => null,

        // Seconds after which a silent stream sends a comment; 1 to 3600. Else 25.
        'heartbeat' => null,

        // fn(mixed $payload): mixed, what is sent instead of a payload; a falsy result sends nothing.
        'beforeSend' => null,

        // Whether it makes the same of a payload for every client: then it runs once for all streams of the same path,
        // keys and options that hold no worker. Else false.
        'shared' => null,

        // fn(): void, called when a stream begins and then every `poll` seconds.
        'onLoop' => null,

        // What a client gets first that comes without an id: 'last', 'none', 'all', or a number of events. Else 'last'.
        'replay' => null,

        // Seconds after which a stream ends and the browser comes back; 0 for never. Else `sse.lifetime`, 3600.
        'lifetime' => null,

        // Milliseconds that a browser waits before it comes back, or a range to draw from. Else `sse.retry`,
        // '1000-4000'.
        'retry' => null,

        // Whether a stream opens with the event `connected`. Else true.
        'connected' => null,
    ],
];
