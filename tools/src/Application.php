<?php
declare(strict_types=1);

namespace Sse\Tools;

use InvalidArgumentException;
use RuntimeException;

/**
 * `sse` on the command line, without a framework.
 */
final class Application
{
    private const HELP = <<<'TEXT'
    usage: sse COMMAND [argument ...]

      push KEY JSON         send an event to all who listen to the key; "-" reads the JSON from standard input
      tail KEY ...          show the events of keys as they come, each with its time and id
           --from PLACE     begin with what is kept: all, a number of events, or the id of the last that isn't wanted
           --json           each as a line of JSON
      status                what keeps the events and serves the streams, and what is wrong with it
           --json           all that Sse\status() says
           --prometheus     for Prometheus
      hub                   serve streams in this process, for a service manager; ends at SIGTERM
           --idle SECONDS   end after so long without a stream

      --dsn DSN             another store than the one that is set, for all but hub
    TEXT;

    /**
     * The options of each command, and whether they take a value.
     */
    private const OPTIONS = [
        'push' => ['dsn' => true],
        'tail' => ['dsn' => true, 'from' => true, 'json' => false],
        'status' => ['dsn' => true, 'json' => false, 'prometheus' => false],
        'hub' => ['idle' => true],
    ];

    /**
     * @param resource $input
     * @param resource $output
     * @param resource $errors
     */
    public function __construct(private $input, private $output, private $errors)
    {
    }

    /**
     * @param list<string> $words What follows the program's name.
     * @return int the exit status: 0, 1 for what failed, 2 for a command that can't be understood
     */
    public function run(array $words): int
    {
        $command = array_shift($words) ?? 'help';
        if (in_array($command, ['help', '--help', '-h'], true)) {
            $this->print(self::HELP);

            return 0;
        }
        try {
            if (!isset(self::OPTIONS[$command])) {
                throw new Usage("There is no command \"$command\".\n\n" . self::HELP);
            }
            [$arguments, $options] = $this->read($words, self::OPTIONS[$command]);

            return $this->{$command}($arguments, $options);
        } catch (Usage $exception) {
            fwrite($this->errors, $exception->getMessage() . "\n");

            return 2;
        } catch (InvalidArgumentException | RuntimeException $exception) {
            fwrite($this->errors, $exception->getMessage() . "\n");

            return 1;
        }
    }

    /**
     * @param list<string> $arguments
     * @param array<string, string|true> $options
     */
    private function push(array $arguments, array $options): int
    {
        if (count($arguments) !== 2) {
            throw new Usage('push takes a key and a payload: sse push news \'{"event": "toast", "message": "Hello"}\'');
        }
        [$key, $json] = $arguments;
        $data = Json::decode($json === '-' ? (string)stream_get_contents($this->input) : $json);
        $events = $this->events($options);
        WebUser::become($events->status());
        $this->print((string)$events->push($key, $data));

        return 0;
    }

    /**
     * @param list<string> $arguments
     * @param array<string, string|true> $options
     */
    private function tail(array $arguments, array $options): never
    {
        if ($arguments === []) {
            throw new Usage('tail takes one key or several: sse tail news');
        }
        $events = $this->events($options);
        WebUser::become($events->status());
        $from = isset($options['from']) ? (string)$options['from'] : null;
        (new Tail($events, $this->print(...), isset($options['json'])))->run($arguments, $from);
    }

    /**
     * @param list<string> $arguments
     * @param array<string, string|true> $options
     */
    private function status(array $arguments, array $options): int
    {
        if ($arguments !== []) {
            throw new Usage("status takes no argument \"$arguments[0]\".");
        }
        $events = $this->events($options);
        $user = WebUser::become($events->status());
        $status = $events->status();
        $this->print(rtrim(match (true) {
            isset($options['json']) => (string)json_encode($status, JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES),
            isset($options['prometheus']) => Prometheus::text($status),
            default => Status::text($status, $user),
        }));

        return $status['problem'] === null ? 0 : 1;
    }

    /**
     * @param list<string> $arguments
     * @param array<string, string|true> $options
     */
    private function hub(array $arguments, array $options): int
    {
        if ($arguments !== []) {
            throw new Usage("hub takes no argument \"$arguments[0]\".");
        }
        WebUser::become((new Functions())->status());

        return Hub::run((string)($options['idle'] ?? '0'));
    }

    /**
     * @param array<string, string|true> $options
     */
    private function events(array $options): Events
    {
        return new Functions(isset($options['dsn']) ? (string)$options['dsn'] : null);
    }

    private function print(string $line): void
    {
        // Whoever read it is gone, as head is that had enough.
        if (fwrite($this->output, "$line\n") === false) {
            exit(0);
        }
        fflush($this->output);
    }

    /**
     * @param list<string> $words
     * @param array<string, bool> $known
     * @return array{list<string>, array<string, string|true>} arguments and options
     */
    private function read(array $words, array $known): array
    {
        $arguments = $options = [];
        while ($words !== []) {
            $word = array_shift($words);
            if ($word === '--') {
                return [[...$arguments, ...$words], $options];
            }
            if (!str_starts_with($word, '--')) {
                $arguments[] = $word;
                continue;
            }
            [$name, $value] = explode('=', substr($word, 2), 2) + [1 => null];
            if (!isset($known[$name])) {
                $names = implode(', ', array_map(fn(string $option): string => "--$option", array_keys($known)));
                throw new Usage("There is no option --$name here; there are: $names.");
            }
            $value = $known[$name] ? $value ?? array_shift($words) : $value ?? true;
            if ($value === null || ($value !== true && !$known[$name])) {
                throw new Usage($known[$name] ? "--$name needs a value." : "--$name takes no value.");
            }
            $options[$name] = $value;
        }

        return [$arguments, $options];
    }
}
