<?php
declare(strict_types=1);

namespace Sse\Tools;

use function Sse\push;
use function Sse\read;
use function Sse\status;

/**
 * The functions of the extension, or of its twin in plain PHP.
 */
final class Functions implements Events
{
    /**
     * @param string|null $dsn The store; null for the one that is set.
     */
    public function __construct(private readonly ?string $dsn = null)
    {
        if (!function_exists('Sse\push')) {
            throw new Usage(
                'This PHP (' . PHP_BINARY . ', ' . PHP_VERSION . ') has not the extension "sse": "php -m" would list'
                . ' it. Install it, or its twin in plain PHP: composer require php-sse/polyfill',
            );
        }
    }

    public function push(string $key, mixed $data): ?string
    {
        return push($key, $data, null, $this->options());
    }

    public function read(string $key, ?string $after, int $limit): array
    {
        $found = [];
        foreach (read($key, $after, $limit, $this->options()) as $entry) {
            unset($entry['external']);
            $found[] = $entry;
        }

        return $found;
    }

    public function status(): array
    {
        return status($this->options());
    }

    /**
     * @return array{dsn?: string}
     */
    private function options(): array
    {
        return $this->dsn === null ? [] : ['dsn' => $this->dsn];
    }
}
