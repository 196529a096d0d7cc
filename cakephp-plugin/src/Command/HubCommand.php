<?php
declare(strict_types=1);

namespace Sse\Command;

use Cake\Console\Arguments;
use Cake\Console\ConsoleIo;
use Cake\Console\ConsoleOptionParser;
use Sse\Tools\Events;
use Sse\Tools\Hub;
use Sse\Tools\WebUser;

/**
 * `bin/cake sse hub`: serves streams in this process, for a service manager.
 */
class HubCommand extends SseCommand
{
    public static function defaultName(): string
    {
        return 'sse hub';
    }

    public static function getDescription(): string
    {
        return 'Serve streams in this process, for a service manager; SIGTERM ends it.';
    }

    /**
     * @param \Cake\Console\ConsoleOptionParser $parser The parser.
     */
    protected function buildOptionParser(ConsoleOptionParser $parser): ConsoleOptionParser
    {
        return parent::buildOptionParser($parser)
            ->addOption('idle', ['help' => 'End after so many seconds without a stream.', 'default' => '0']);
    }

    protected function act(Events $events, WebUser $user, Arguments $args, ConsoleIo $io): int
    {
        return Hub::run((string)$args->getOption('idle'));
    }
}
