<?php
declare(strict_types=1);

namespace Sse\Tools;

use InvalidArgumentException;
use RuntimeException;

/**
 * A page to look at while developing: events as they come, a form that pushes, and what serves them. Whoever can reach
 * it can read and push every event, so it is for debug mode only.
 *
 * The page is whole: style, script and client are in it. It asks for three things, whose addresses it is told:
 * a stream of `?keys[]=…`, the answers of `state()`, and `push()` with a POST of JSON.
 */
final class Debug
{
    /**
     * How many events of each key the page begins with.
     */
    private const FIRST = 20;

    private const AT_ONCE = 200;

    /**
     * How much of the end of a log is looked at, and how many lines of it are shown.
     */
    private const LOG_BYTES = 65536;

    private const LOG_LINES = 5;

    /**
     * @param list<string> $logs Files in which there may be lines about events.
     */
    public function __construct(private readonly Events $events, private readonly array $logs = [])
    {
    }

    /**
     * The page.
     *
     * @param array{stream: string, state: string, push: string} $addresses
     * @param string $client The text of sse.js.
     * @param string|null $nonce Of the Content Security Policy, if there is one.
     * @param array<string, string> $headers What a push needs besides, such as the token of a middleware.
     */
    public static function page(array $addresses, string $client, ?string $nonce = null, array $headers = []): string
    {
        $files = dirname(__DIR__) . '/debug/';
        $setup = $addresses + ['headers' => (object)$headers];

        return strtr((string)file_get_contents("{$files}page.html"), [
            '{nonce}' => $nonce === null ? '' : ' nonce="' . htmlspecialchars($nonce) . '"',
            '{style}' => (string)file_get_contents("{$files}page.css"),
            // A "</script>" in it would end the tag.
            '{client}' => str_replace('</', '<\/', $client),
            '{setup}' => htmlspecialchars(json_encode($setup, JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR)),
            '{script}' => (string)file_get_contents("{$files}page.js"),
        ]);
    }

    /**
     * What serves events, and the events of some keys behind those that the page has.
     *
     * @param array<string, string> $after By key, the id of the last event that the page has; '' for none.
     * @return array{status: array<string, mixed>, events: list<array<string, mixed>>, problem: string|null,
     *     log: list<string>}
     */
    public function state(array $after): array
    {
        $status = $this->events->status();
        $found = [];
        $problem = null;
        try {
            foreach ($after as $key => $id) {
                $events = $this->events->read((string)$key, $id ?: null, $id === '' ? -self::FIRST : self::AT_ONCE);
                foreach ($events as $event) {
                    $found[] = ['key' => (string)$key] + $event;
                }
            }
        } catch (InvalidArgumentException | RuntimeException $exception) {
            $problem = $exception->getMessage();
        }
        usort($found, fn(array $one, array $other): int => $one['time'] <=> $other['time']);

        return ['status' => $status, 'events' => $found, 'problem' => $problem, 'log' => $this->logged()];
    }

    /**
     * Pushes what the page's form has.
     *
     * @param string $json Its JSON: `key`, `event` (may be empty) and `data`, which is JSON itself.
     * @return array{id?: string|null, error?: string}
     */
    public function push(string $json): array
    {
        $form = json_decode($json, true);
        try {
            if (!is_array($form) || !is_string($form['key'] ?? null) || !is_string($form['data'] ?? null)) {
                throw new InvalidArgumentException('A push takes JSON with a key and data.');
            }
            $data = Json::decode($form['data']);
            $event = $form['event'] ?? '';
            if (is_string($event) && $event !== '') {
                if (!is_object($data)) {
                    throw new InvalidArgumentException('A name is a member of an object: {"message": "…"}');
                }
                $data = (object)(['event' => $event] + (array)$data);
            }

            return ['id' => $this->events->push($form['key'], $data)];
        } catch (InvalidArgumentException | RuntimeException $exception) {
            return ['error' => $exception->getMessage()];
        }
    }

    /**
     * The last lines about events, newest first.
     *
     * @return list<string>
     */
    private function logged(): array
    {
        $lines = [];
        foreach ($this->logs as $file) {
            if (is_file($file) && is_readable($file)) {
                $from = max(0, (int)filesize($file) - self::LOG_BYTES);
                $text = (string)file_get_contents($file, offset: $from);
                array_push($lines, ...(preg_grep('/\bsse\b.*: /i', explode("\n", $text)) ?: []));
            }
        }

        return array_reverse(array_slice($lines, -self::LOG_LINES));
    }
}
