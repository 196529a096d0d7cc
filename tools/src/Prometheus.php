<?php
declare(strict_types=1);

namespace Sse\Tools;

/**
 * A status in Prometheus' text format.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
final class Prometheus
{
    /**
     * What is counted of a hub: the status' field, kind and meaning, by the metric's name.
     */
    private const HUB = [
        'sse_hub_streams' => ['streams', 'gauge', 'Streams that are open.'],
        'sse_hub_streams_max' => ['max_streams', 'gauge', 'Streams that the hub would take.'],
        'sse_hub_streams_taken_total' => ['taken', 'counter', 'Streams taken since the hub began.'],
        'sse_hub_keys' => ['keys', 'gauge', 'Keys that are followed.'],
        'sse_hub_events_total' => ['events', 'counter', 'Events written to clients.'],
        'sse_hub_bytes_total' => ['bytes', 'counter', 'Bytes written to clients.'],
    ];

    /**
     * @param array<string, mixed> $status As `Sse\status()` answers it.
     */
    public static function text(array $status): string
    {
        $labels = [];
        foreach (['version', 'tier', 'engine', 'signal'] as $name) {
            $labels[] = sprintf('%s="%s"', $name, addcslashes((string)$status[$name], "\\\"\n"));
        }
        $hub = $status['hub'] ?? null;
        $text = self::metric('sse_info', 'gauge', 'What serves streams.', 1, '{' . implode(',', $labels) . '}')
            . self::metric('sse_up', 'gauge', '1 if streams can begin.', (int)($status['problem'] === null))
            . self::metric('sse_hub_up', 'gauge', '1 if this user has a hub.', (int)($hub !== null));
        foreach ($hub === null ? [] : self::HUB as $name => [$field, $kind, $meaning]) {
            $text .= self::metric($name, $kind, $meaning, (int)$hub[$field]);
        }

        return $text;
    }

    private static function metric(string $name, string $kind, string $meaning, int $value, string $labels = ''): string
    {
        return "# HELP $name $meaning\n# TYPE $name $kind\n$name$labels $value\n";
    }
}
