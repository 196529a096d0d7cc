<?php
declare(strict_types=1);

namespace Sse\Command;

use Cake\Command\Command;
use Cake\Console\Arguments;
use Cake\Console\ConsoleIo;
use Cake\Console\ConsoleOptionParser;
use InvalidArgumentException;
use RuntimeException;
use Sse\Tools\Events;
use Sse\Tools\WebUser;

/**
 * What the commands have in common: they act as PHP on the web would, and what goes wrong is said, not thrown.
 *
 * @internal
 */
abstract class SseCommand extends Command
{
    /**
     * @param \Cake\Console\ConsoleOptionParser $parser The parser.
     */
    protected function buildOptionParser(ConsoleOptionParser $parser): ConsoleOptionParser
    {
        return parent::buildOptionParser($parser)->setDescription(static::getDescription());
    }

    /**
     * @param \Cake\Console\Arguments $args The command line's.
     * @param \Cake\Console\ConsoleIo $io Where it says what it did.
     */
    public function execute(Arguments $args, ConsoleIo $io): int
    {
        try {
            $events = new ServiceEvents();

            return $this->act($events, WebUser::become($events->status()), $args, $io);
        } catch (InvalidArgumentException | RuntimeException $exception) {
            $io->error($exception->getMessage());

            return static::CODE_ERROR;
        }
    }

    /**
     * @param \Sse\Tools\Events $events The application's.
     * @param \Sse\Tools\WebUser $user Whom it acts as.
     * @param \Cake\Console\Arguments $args The command line's.
     * @param \Cake\Console\ConsoleIo $io Where it says what it did.
     * @return int the exit status
     */
    abstract protected function act(Events $events, WebUser $user, Arguments $args, ConsoleIo $io): int;
}
