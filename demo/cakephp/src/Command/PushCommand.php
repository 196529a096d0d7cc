<?php
declare(strict_types=1);

namespace App\Command;

use Cake\Command\Command;
use Cake\Console\Arguments;
use Cake\Console\ConsoleIo;
use Cake\Console\ConsoleOptionParser;
use Sse\Service\SseService;

/**
 * Pushes from the command line, as a job or cron would.
 */
class PushCommand extends Command
{
    /**
     * @return string
     */
    public static function getDescription(): string
    {
        return 'Shows a toast on the pages of a user.';
    }

    /**
     * @param \Cake\Console\ConsoleOptionParser $parser The parser.
     * @return \Cake\Console\ConsoleOptionParser
     */
    protected function buildOptionParser(ConsoleOptionParser $parser): ConsoleOptionParser
    {
        return $parser
            ->setDescription(static::getDescription())
            ->addArgument('message', ['help' => 'What the toast says.', 'required' => true])
            ->addOption('user', ['help' => 'The id of the user.', 'default' => '1'])
            ->addOption('type', ['help' => 'Its look.', 'choices' => ['success', 'warning'], 'default' => 'success']);
    }

    /**
     * @param \Cake\Console\Arguments $args The arguments.
     * @param \Cake\Console\ConsoleIo $io The console.
     * @return int
     */
    public function execute(Arguments $args, ConsoleIo $io): int
    {
        $isKept = SseService::push('USER_QUEUE_' . $args->getOption('user'), [
            'event' => 'toast',
            'message' => $args->getArgument('message'),
            'type' => $args->getOption('type'),
        ]);
        if (!$isKept) {
            $io->error('It was not kept; why is in ' . LOGS . 'error.log');

            return static::CODE_ERROR;
        }
        $io->success('Pushed.');

        return static::CODE_SUCCESS;
    }
}
