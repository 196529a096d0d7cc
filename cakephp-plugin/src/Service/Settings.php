<?php
declare(strict_types=1);

namespace Sse\Service;

use Cake\Cache\Cache;
use Cake\Core\Configure;
use InvalidArgumentException;

/**
 * What stands under `Sse` in the configuration; config/sse.php lists and explains it.
 *
 * @internal
 */
final class Settings
{
    /**
     * How events are kept; all others are options of streams.
     */
    private const ENGINE = ['payload_engine', 'signal_engine', 'cache_config', 'redis_config', 'payloads_model', 'dsn'];

    /**
     * @var array<string, mixed>|null
     */
    private static ?array $defaults = null;

    /**
     * Every setting, with what it is where the application says nothing.
     *
     * @return array<string, mixed>
     */
    public static function defaults(): array
    {
        return self::$defaults ??= (require dirname(__DIR__, 2) . '/config/sse.php')['Sse'];
    }

    public static function read(string $name): mixed
    {
        return Configure::read("Sse.$name") ?? self::defaults()[$name];
    }

    /**
     * Those of some settings that are options of streams.
     *
     * @param array<string, mixed> $settings
     * @return array<string, mixed>
     */
    public static function ofStreams(array $settings): array
    {
        return array_intersect_key($settings, array_diff_key(self::defaults(), array_flip(self::ENGINE)));
    }

    /**
     * Says which settings are misspelt. What is like none of ours is the application's own.
     *
     * @param array<int|string, mixed> $settings
     * @param list<string> $others Names that are known besides.
     * @throws \InvalidArgumentException
     */
    public static function assertKnown(array $settings, array $others = []): void
    {
        $known = array_keys(self::defaults());
        foreach (array_diff(array_keys($settings), $known, $others) as $name) {
            $nearest = self::nearest((string)$name, $known);
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
     */
    public static function caches(mixed $name): string
    {
        $known = Cache::configured();
        $nearest = is_string($name) ? self::nearest($name, $known) : null;

        return ($nearest === null ? '' : "Did you mean \"$nearest\"? ") . 'There are: ' . implode(', ', $known) . '.';
    }

    /**
     * The known name that is like another, by the extension's own measure.
     *
     * @param list<string> $known
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
