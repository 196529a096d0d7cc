<?php
declare(strict_types=1);

namespace App\Sse;

use Sse\Service\Payload\PayloadStrategyInterface;

/**
 * The last value of each key in a file of its own, which other programs may write too.
 */
class FileValues implements PayloadStrategyInterface
{
    /**
     * @param string $key The key.
     * @param mixed $data The payload.
     * @return bool
     */
    public function store(string $key, mixed $data): bool
    {
        // Whole or not at all: somebody may read it just now.
        $new = $this->path($key) . bin2hex(random_bytes(4));

        return file_put_contents($new, json_encode($data)) && chmod($new, 0664) && rename($new, $this->path($key));
    }

    /**
     * @param string $key The key.
     * @return mixed
     */
    public function fetch(string $key): mixed
    {
        $path = $this->path($key);

        return is_file($path) ? json_decode((string)file_get_contents($path), true) : null;
    }

    /**
     * @param string $key The key.
     * @return string
     */
    private function path(string $key): string
    {
        return TMP . (strlen($key) < 100 ? bin2hex($key) : hash('sha256', $key)) . '.value';
    }
}
