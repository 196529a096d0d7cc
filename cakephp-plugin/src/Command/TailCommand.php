<?php
declare(strict_types=1);

namespace Sse\Command;

use Cake\Console\Arguments;
use Cake\Console\ConsoleIo;
use Cake\Console\ConsoleOptionParser;
use Cake\Console\ConsoleOutput;
use Sse\Tools\Events;
use Sse\Tools\Tail;
use Sse\Tools\Usage;
use Sse\Tools\WebUser;

/**
 * `bin/cake sse tail KEY …`: the events of keys as they come, until Ctrl-C.
 */
class TailCommand extends SseCommand
{
    public static function defaultName(): string
    {
        return 'sse tail';
    }

    public static function getDescription(): string
    {
        return 'Show the events of keys as they come, each with its time and id; Ctrl-C ends it.';
    }

    /**
     * @param \Cake\Console\ConsoleOptionParser $parser The parser.
     */
    protected function buildOptionParser(ConsoleOptionParser $parser): ConsoleOptionParser
    {
        return parent::buildOptionParser($parser)
            // Any number of keys: CakePHP takes them where no argument is named.
            ->setEpilog('Its arguments are keys, one or several: bin/cake sse tail USER_QUEUE_1 NEWS')
            ->addOption('from', ['help' => 'Begin with what is kept: all, a number of events, or an event\'s id.'])
            ->addOption('json', ['boolean' => true, 'help' => 'Each event as a line of JSON.']);
    }

    protected function act(Events $events, WebUser $user, Arguments $args, ConsoleIo $io): int
    {
        if ($args->getArguments() === []) {
            throw new Usage('sse tail takes a key, or several: bin/cake sse tail USER_QUEUE_1');
        }
        $from = $args->getOption('from');
        // Raw: what others pushed may look like a tag of ConsoleOutput's.
        $io->setOutputAs(ConsoleOutput::RAW);
        (new Tail($events, $io->out(...), (bool)$args->getOption('json')))
            ->run(array_values($args->getArguments()), is_string($from) ? $from : null);
    }
}
