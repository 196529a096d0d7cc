<?php
declare(strict_types=1);

namespace Sse\Command;

use Cake\Console\Arguments;
use Cake\Console\ConsoleIo;
use Cake\Console\ConsoleOptionParser;
use Cake\Console\ConsoleOutput;
use Sse\Tools\Events;
use Sse\Tools\Prometheus;
use Sse\Tools\Status;
use Sse\Tools\WebUser;

/**
 * `bin/cake sse status`: what keeps the events and serves the streams, and what is wrong with it.
 */
class StatusCommand extends SseCommand
{
    public static function defaultName(): string
    {
        return 'sse status';
    }

    public static function getDescription(): string
    {
        return 'Say what keeps the events and serves the streams, and what is wrong with it.';
    }

    /**
     * @param \Cake\Console\ConsoleOptionParser $parser The parser.
     */
    protected function buildOptionParser(ConsoleOptionParser $parser): ConsoleOptionParser
    {
        return parent::buildOptionParser($parser)
            ->addOption('json', ['boolean' => true, 'help' => 'All that Sse\status() says.'])
            ->addOption('prometheus', ['boolean' => true, 'help' => 'In the format of Prometheus.']);
    }

    protected function act(Events $events, WebUser $user, Arguments $args, ConsoleIo $io): int
    {
        $status = $events->status();
        $io->setOutputAs(ConsoleOutput::RAW);
        $io->out(rtrim(match (true) {
            (bool)$args->getOption('json') => (string)json_encode($status, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES),
            (bool)$args->getOption('prometheus') => Prometheus::text($status),
            default => Status::text($status, $user),
        }));

        return $status['problem'] === null ? static::CODE_SUCCESS : static::CODE_ERROR;
    }
}
