<?php
declare(strict_types=1);

namespace Sse\Service;

use InvalidArgumentException;

/**
 * What may stand under `Sse` in the configuration.
 *
 * @internal
 */
final class Settings
{
    /**
     * How events are kept.
     */
    private const ENGINE = ['payload_engine', 'signal_engine', 'cache_config', 'redis_config', 'payloads_model', 'dsn'];

    /**
     * Options of a stream.
     */
    public const STREAM = [
        'poll', 'eventName', 'heartbeat', 'beforeSend', 'onLoop', 'replay', 'lifetime', 'retry', 'connected',
    ];

    /**
     * Says which settings are misspelt. What is like none of ours is the application's own.
     *
     * @param array<int|string, mixed> $settings The settings, by their names.
     * @param list<string> $others Names that are known besides.
     * @return void
     * @throws \InvalidArgumentException
     */
    public static function assertKnown(array $settings, array $others = []): void
    {
        $known = [...self::ENGINE, ...self::STREAM];
        foreach (array_keys($settings) as $name) {
            $nearest = in_array($name, [...$known, ...$others], true) ? null : self::nearest((string)$name, $known);
            if ($nearest !== null) {
                throw new InvalidArgumentException(sprintf(
                    'SSE: there is no setting "%s"; did you mean "%s"? Known under Sse are %s.',
                    $name,
                    $nearest,
                    implode(', ', $known),
                ));
            }
        }
    }

    /**
     * Says which cache configurations there are, where one that is named doesn't exist.
     *
     * @param mixed $name The name.
     * @param list<string> $known Those that there are.
     * @return string
     */
    public static function caches(mixed $name, array $known): string
    {
        $nearest = is_string($name) ? self::nearest($name, $known) : null;

        return ($nearest === null ? '' : "Did you mean \"$nearest\"? ") . 'There are: ' . implode(', ', $known) . '.';
    }

    /**
     * The known name that is like another, by the extension's own measure.
     *
     * @param string $name The name.
     * @param list<string> $known Names.
     * @return string|null
     */
    private static function nearest(string $name, array $known): ?string
    {
        $nearest = null;
        $least = 2 + intdiv(strlen($name), 3);
        foreach ($known as $candidate) {
            $distance = levenshtein(strtolower($name), strtolower($candidate));
            if ($distance < $least) {
                [$nearest, $least] = [$candidate, $distance];
            }
        }

        return $nearest;
    }
}
