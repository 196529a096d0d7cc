<?php
declare(strict_types=1);

namespace Sse\Support;

use RuntimeException;

/**
 * An answer over HTTP, read as it comes. By HTTP/1.0, so that the frames of a stream come as they are, without chunks.
 */
final class Client
{
    /** How long it waits for what must come, in seconds. */
    private const PATIENCE = 30;

    /** @var resource */
    private $socket;

    /**
     * @throws \RuntimeException when nobody listens there
     */
    public function __construct(string $url, string $method = 'GET', string ...$headers)
    {
        $parts = (array)parse_url($url);
        $address = "$parts[host]:$parts[port]";
        $this->socket = @stream_socket_client("tcp://$address", timeout: self::PATIENCE)
            ?: throw new RuntimeException("Cannot connect to $url");
        stream_set_timeout($this->socket, self::PATIENCE);
        $target = ($parts['path'] ?? '/') . (isset($parts['query']) ? "?$parts[query]" : '');
        fwrite($this->socket, implode("\r\n", ["$method $target HTTP/1.0", "Host: $address", ...$headers, '', '']));
    }

    /**
     * Reads lines until one holds a text.
     *
     * @throws \RuntimeException when it does not come, with what came
     */
    public function until(string $text): void
    {
        $seen = '';
        while (($line = fgets($this->socket)) !== false) {
            if (str_contains($line, $text)) {
                return;
            }
            $seen .= $line;
        }
        throw new RuntimeException("Waited for \"$text\" and got:\n" . substr($seen, -2000));
    }

    /**
     * What comes until the end of the answer.
     */
    public function rest(): string
    {
        return (string)stream_get_contents($this->socket);
    }
}
