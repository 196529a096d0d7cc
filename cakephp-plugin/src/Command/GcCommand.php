<?php
declare(strict_types=1);

namespace Sse\Command;

use Cake\Command\Command;
use Cake\Console\Arguments;
use Cake\Console\ConsoleIo;
use Sse\Service\Engine\DatabaseEngine;
use Sse\Service\Engine\PayloadRows;
use Sse\Service\SseService;

/**
 * `bin/cake sse gc`: deletes the rows of the engine `database` that are not kept any more; for cron.
 */
class GcCommand extends Command
{
    public static function defaultName(): string
    {
        return 'sse gc';
    }

    public static function getDescription(): string
    {
        return 'Delete the rows of the payload engine "database" that are not kept any more.';
    }

    /**
     * @param \Cake\Console\Arguments $args The command line's.
     * @param \Cake\Console\ConsoleIo $io Where it says what it did.
     */
    public function execute(Arguments $args, ConsoleIo $io): int
    {
        if (!SseService::service()->engine instanceof DatabaseEngine) {
            $io->out('Nothing to do: only the payload engine "database" has rows, and another is configured.');

            return static::CODE_SUCCESS;
        }
        $deleted = (new PayloadRows())->trimAll();
        $io->out("$deleted " . ($deleted === 1 ? 'row' : 'rows') . ' deleted.');

        return static::CODE_SUCCESS;
    }
}
