<?php
declare(strict_types=1);

namespace Sse\Test\Support;

/**
 * A client of one stream.
 */
final class Reader extends Process
{
    /**
     * @param array<string, mixed> $options Options of the stream.
     * @param array<string, string> $environment What it finds in the environment.
     * @param array<string, string> $settings PHP's settings.
     */
    public static function start(string $key, array $options, array $environment, array $settings = []): self
    {
        $arguments = [base64_encode($key), (string)json_encode((object)$options)];

        return new self('reader', $arguments, $environment, $settings);
    }

    /**
     * What came whole: the events without `connected`, their data as it is on the wire.
     *
     * @return list<array{event: string, data: string, id: string}>
     */
    public function events(): array
    {
        return array_values(array_filter($this->frames(), fn(array $frame): bool => $frame['event'] !== 'connected'));
    }

    /**
     * @return list<mixed> the data of what came whole
     */
    public function data(): array
    {
        return array_map(fn(string $json): mixed => json_decode($json, true), array_column($this->events(), 'data'));
    }

    /**
     * The id that a client would come back with.
     */
    public function lastId(): ?string
    {
        $frames = $this->frames();

        return $frames === [] ? null : end($frames)['id'];
    }

    public function connected(): self
    {
        $this->until(fn() => $this->frames() !== [], 'the greeting');

        return $this;
    }

    /**
     * Waits for so many events.
     *
     * @return list<mixed> their data
     */
    public function received(int $count): array
    {
        $this->until(fn() => count($this->events()) >= $count, "$count events");

        return $this->data();
    }

    /**
     * @return list<array{event: string, data: string, id: string}>
     */
    private function frames(): array
    {
        $frames = [];
        $whole = substr($this->received, 0, (int)strrpos($this->received, "\n\n"));
        foreach (explode("\n\n", $whole) as $block) {
            $frame = ['event' => 'message'];
            foreach (explode("\n", $block) as $line) {
                [$name, $value] = explode(': ', $line, 2) + [1 => ''];
                $frame[$name] = $value;
            }
            if (isset($frame['data'], $frame['id'])) {
                $frames[] = ['event' => $frame['event'], 'data' => $frame['data'], 'id' => $frame['id']];
            }
        }

        return $frames;
    }
}
