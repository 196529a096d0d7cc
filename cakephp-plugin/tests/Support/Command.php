<?php
declare(strict_types=1);

namespace Sse\Test\Support;

/**
 * A command of `bin/cake`.
 */
final class Command extends Process
{
    /**
     * Runs it to its end.
     *
     * @param list<string> $arguments Its arguments.
     * @param array<string, string> $environment What it finds in the environment.
     * @param array<string, string> $settings PHP's settings.
     * @return string what it said
     */
    public static function run(array $arguments, array $environment, array $settings = []): string
    {
        $command = new self('cake', $arguments, $environment, $settings);
        $command->until(fn(): bool => !$command->isRunning() && feof($command->output), 'its end');

        return $command->received;
    }
}
