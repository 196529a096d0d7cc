<?php
declare(strict_types=1);

namespace Sse\Command;

use Cake\Console\Arguments;
use Cake\Console\ConsoleIo;
use Cake\Console\ConsoleOptionParser;
use Sse\Tools\Events;
use Sse\Tools\Json;
use Sse\Tools\WebUser;

/**
 * `bin/cake sse push KEY JSON`: sends an event to all who listen to the key.
 */
class PushCommand extends SseCommand
{
    public static function defaultName(): string
    {
        return 'sse push';
    }

    public static function getDescription(): string
    {
        return 'Send an event to all who listen to a key.';
    }

    /**
     * @param \Cake\Console\ConsoleOptionParser $parser The parser.
     */
    protected function buildOptionParser(ConsoleOptionParser $parser): ConsoleOptionParser
    {
        return parent::buildOptionParser($parser)
            ->addArgument('key', ['required' => true, 'help' => 'Whom it is for.'])
            ->addArgument('json', [
                'required' => true,
                'help' => 'The payload, such as \'{"event": "toast", "message": "Hello"}\'; "-" reads standard input.',
            ]);
    }

    protected function act(Events $events, WebUser $user, Arguments $args, ConsoleIo $io): int
    {
        $json = (string)$args->getArgument('json');
        $payload = Json::decode($json === '-' ? (string)stream_get_contents(STDIN) : $json);
        $events->push((string)$args->getArgument('key'), $payload);
        $io->success('Pushed.');

        return static::CODE_SUCCESS;
    }
}
