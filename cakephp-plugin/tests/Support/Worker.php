<?php
declare(strict_types=1);

namespace Sse\Test\Support;

use RuntimeException;

/**
 * A process that pushes.
 */
final class Worker extends Process
{
    private int $read = 0;

    /**
     * @param array<string, string> $environment What it finds in the environment.
     * @param array<string, string> $settings PHP's settings.
     */
    public static function start(array $environment, array $settings = []): self
    {
        return new self('worker', [], $environment, $settings);
    }

    public function push(string $key, mixed $payload): bool
    {
        $this->tellPush($key, $payload);

        return $this->hear();
    }

    /**
     * Pushes without waiting for the answer.
     */
    public function tellPush(string $key, mixed $payload): void
    {
        $this->tell('push', base64_encode($key), base64_encode(serialize($payload)));
    }

    /**
     * @return array{time: int, data: mixed, id: string, gap?: true}|null
     */
    public function check(string $key, int|string $known): ?array
    {
        return $this->ask('check', base64_encode($key), $known);
    }

    public function cursor(string $key): string
    {
        return $this->ask('cursor', base64_encode($key));
    }

    /**
     * @throws \RuntimeException for an exception over there
     */
    public function ask(string $action, mixed ...$arguments): mixed
    {
        $this->tell($action, ...$arguments);

        return $this->hear();
    }

    /**
     * Asks without waiting for the answer.
     */
    public function tell(string $action, mixed ...$arguments): void
    {
        fwrite($this->input, json_encode([$action, $arguments]) . "\n");
    }

    /**
     * The answer to what was asked first.
     *
     * @throws \RuntimeException for an exception over there
     */
    public function hear(): mixed
    {
        $end = $this->until(fn() => strpos($this->received, "\n", $this->read), 'an answer');
        $line = substr($this->received, $this->read, $end - $this->read);
        $this->read = $end + 1;
        $answer = (array)json_decode($line, true);
        if (isset($answer['error'])) {
            throw new RuntimeException($answer['error']);
        }

        return $answer['answer'] ?? null;
    }
}
