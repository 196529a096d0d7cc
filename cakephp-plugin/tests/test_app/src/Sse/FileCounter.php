<?php
declare(strict_types=1);

namespace App\Sse;

use Sse\Service\Signal\SignalStrategyInterface;

/**
 * A counter for each key in a file of its own, which other programs may raise too.
 */
class FileCounter implements SignalStrategyInterface
{
    /**
     * @param string $key The key.
     * @return void
     */
    public function touch(string $key): void
    {
        // Several may touch it at a time.
        $counter = fopen($this->path($key), 'c+');
        if ($counter !== false && flock($counter, LOCK_EX)) {
            $next = (string)((int)stream_get_contents($counter) + 1);
            rewind($counter);
            fwrite($counter, $next);
            fclose($counter);
            chmod($this->path($key), 0664);
        }
    }

    /**
     * @param string $key The key.
     * @return int
     */
    public function getLastModified(string $key): int
    {
        $path = $this->path($key);

        return is_file($path) ? (int)file_get_contents($path) : 0;
    }

    /**
     * @param string $key The key.
     * @return string
     */
    private function path(string $key): string
    {
        return TMP . (strlen($key) < 100 ? bin2hex($key) : hash('sha256', $key)) . '.counter';
    }
}
