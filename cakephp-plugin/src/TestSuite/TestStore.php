<?php
declare(strict_types=1);

namespace Sse\TestSuite;

use FilesystemIterator;
use Sse\Service\Store;

/**
 * A store for one test, in a temporary directory. Its streams end by themselves when they have sent what there is.
 *
 * @internal
 */
final class TestStore extends Store
{
    private readonly string $directory;

    public function __construct()
    {
        $this->directory = sys_get_temp_dir() . '/sse-test-' . bin2hex(random_bytes(8));
        mkdir($this->directory, 0700);
        parent::__construct("file://$this->directory");
    }

    public function isShared(): bool
    {
        return false;
    }

    /**
     * What a client would get: what is there when it connects, then what one round of `onLoop` brings.
     */
    public function stream(array $keys, array $options): string
    {
        ob_start();
        try {
            parent::stream($keys, ['follow' => false] + $options);
        } finally {
            $frames = (string)ob_get_clean();
        }

        return $frames;
    }

    public function remove(): void
    {
        foreach (new FilesystemIterator($this->directory) as $file) {
            unlink((string)$file);
        }
        rmdir($this->directory);
    }
}
