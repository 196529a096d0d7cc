<?php
declare(strict_types=1);

namespace App\Sse;

use Sse\Service\Payload\OrderedPayloadStrategyInterface;

/**
 * A file for each key with a line for each payload. A reference says at which byte its line begins.
 */
class JournalPayloads implements OrderedPayloadStrategyInterface
{
    public function append(string $key, mixed $data): ?string
    {
        $journal = fopen($this->path($key), 'a');
        if ($journal === false || !flock($journal, LOCK_EX)) {
            return null;
        }
        $reference = fstat($journal)['size'] ?? 0;
        $line = json_encode($data) . "\n";
        $isKept = fwrite($journal, $line) === strlen($line);
        fclose($journal);

        return $isKept ? (string)$reference : null;
    }

    public function find(string $key, string $reference): ?array
    {
        return array_values($this->lines($key, (int)$reference, 1)) ?: null;
    }

    public function after(string $key, ?string $reference): ?array
    {
        $references = array_map(strval(...), array_keys($this->lines($key, (int)$reference)));

        return $reference === null ? $references : array_slice($references, 1);
    }

    public function store(string $key, mixed $data): bool
    {
        return $this->append($key, $data) !== null;
    }

    public function fetch(string $key): mixed
    {
        $payloads = $this->lines($key, 0);

        return $payloads === [] ? null : end($payloads);
    }

    /**
     * @return array<int, mixed> payloads from a byte on, by the byte at which their lines begin
     */
    private function lines(string $key, int $from, int $limit = PHP_INT_MAX): array
    {
        $payloads = [];
        $journal = is_file($this->path($key)) ? fopen($this->path($key), 'r') : false;
        if ($journal !== false && flock($journal, LOCK_SH) && fseek($journal, $from) === 0) {
            while ($limit-- > 0 && ($line = fgets($journal)) !== false) {
                $payloads[$from] = json_decode($line, true);
                $from += strlen($line);
            }
        }

        return $payloads;
    }

    private function path(string $key): string
    {
        return TMP . hash('sha256', $key) . '.journal';
    }
}
