<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * The stores of this process: each is opened once per settings, for streams once more, which wait for nobody.
 */
final class Stores
{
    /** Stores kept; a process that uses more opens them anew. */
    private const KEPT = 32;

    /** @var array<string, \Sse\Polyfill\FileStore> */
    private static array $stores = [];

    /**
     * The store in a directory, with the settings of this request.
     *
     * @throws \Sse\Polyfill\Failure for a setting that can't be used
     */
    public static function open(string $directory, float $patience = StoreSettings::WAITS): FileStore
    {
        $settings = Settings::store();
        $name = serialize([$directory, $patience, $settings]);
        if (count(self::$stores) >= self::KEPT) {
            self::$stores = [];
        }

        return self::$stores[$name] ??= new FileStore(new Directory($directory, $patience), $settings);
    }

    /**
     * The same for a stream, which must not keep its worker waiting for others: it asks again later.
     *
     * @throws \Sse\Polyfill\Failure for a setting that can't be used
     */
    public static function openForStream(string $directory): FileStore
    {
        return self::open($directory, StoreSettings::TRIES_ONCE);
    }

    /**
     * What keeps streams of a store from beginning: a wrong setting, or the store itself.
     */
    public static function problem(string $directory): ?string
    {
        try {
            $problem = Settings::problem();
            if ($problem === null) {
                self::open($directory)->check();
            }

            return $problem;
        } catch (Failure $failure) {
            return $failure->text;
        }
    }
}
