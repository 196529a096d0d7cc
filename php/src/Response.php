<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * The response as a stream: checked, opened, written to.
 *
 * Always true:
 * - all that can be wrong with the response is said before the first byte; only what a `header_register_callback()` does
 *   can't be seen before the headers are sent;
 * - once it is open, what PHP prints goes into a buffer that comes to nothing, also when the script ends. PHP code can
 *   get past it only by ending all buffers itself.
 */
final class Response
{
    private const COMMAND_LINES = ['cli', 'phpdbg', 'embed', 'micro'];

    /** Whether a stream is open in this request: its closures can't open another. */
    private static bool $isOpen = false;

    /** Output buffers that can't be ended, and so are written through. */
    private int $lasting = 0;
    private int $abort = 0;

    /**
     * Says what keeps the response from becoming a stream.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public static function check(): self
    {
        if (self::$isOpen) {
            throw Failure::stream(
                "a stream is open in this request already, and its closures can't open another; "
                . 'give one stream several keys instead',
            );
        }
        if (!self::isCommandLine()) {
            (new Headers())->check();
        }

        return new self();
    }

    /**
     * Whether frames are printed, for a person or another program.
     */
    public static function isCommandLine(): bool
    {
        return in_array(PHP_SAPI, self::COMMAND_LINES, true);
    }

    /**
     * Whether this is a HEAD request, which gets headers alone.
     */
    public static function isHead(): bool
    {
        return !self::isCommandLine() && ($_SERVER['REQUEST_METHOD'] ?? '') === 'HEAD';
    }

    /**
     * Gives it the headers of a stream, as far as they aren't sent.
     */
    public function setHeaders(): void
    {
        if (!self::isCommandLine()) {
            (new Headers())->setRight();
        }
    }

    /**
     * Sends the headers; from here on only frames reach the client.
     *
     * @throws \Sse\Polyfill\Failure
     */
    public function open(): void
    {
        // What runs on the way can't open another.
        self::$isOpen = true;
        $isDone = false;
        try {
            $this->clearTheWay();
            $this->abort = function_exists('ignore_user_abort') ? ignore_user_abort(true) : 0;
            $isDone = true;
        } finally {
            self::$isOpen = $isDone;
        }
    }

    /**
     * Writes and flushes; false if the client is gone.
     */
    public function send(string $bytes): bool
    {
        if (self::isCommandLine()) {
            echo $bytes;
            flush();

            return connection_status() === CONNECTION_NORMAL;
        }
        $this->endBuffers(false);
        echo $bytes;
        if ($this->lasting > 0) {
            ob_flush();
        }
        flush();
        $this->swallow();

        return connection_status() === CONNECTION_NORMAL;
    }

    /**
     * Ends the stream; what is printed from now on still reaches nobody.
     */
    public function close(): void
    {
        self::$isOpen = false;
        System::attempt('ignore_user_abort', (bool)$this->abort);
    }

    /**
     * Ends all that stands between us and the client, and sends the headers.
     */
    private function clearTheWay(): void
    {
        if (self::isCommandLine()) {
            self::closeSession();

            return;
        }
        // What closing the session warns of must not come before the first frame.
        ob_start();
        $level = ob_get_level();
        $isClosed = false;
        try {
            self::closeSession();
            $isClosed = true;
        } finally {
            if (!$isClosed && ob_get_level() === $level) {
                ob_end_clean();
            }
        }
        if (!headers_sent()) {
            System::attempt('ini_set', 'zlib.output_compression', '0');
        }
        // Not for the closing of buffers alone: where memory is used up, PHP shows that past all buffers.
        System::attempt('ini_set', 'display_errors', '0');
        $this->endBuffers(true);
        // Buffers may have changed the headers.
        $headers = new Headers();
        $headers->check();
        $headers->setRight();
        flush();
        // And so may have the application's own callback, by now.
        (new Headers())->check();
        $this->swallow();
    }

    /**
     * While a stream runs, the session's lock would stop the user's other requests.
     */
    private static function closeSession(): void
    {
        if (function_exists('session_status') && session_status() === PHP_SESSION_ACTIVE) {
            session_write_close();
        }
    }

    /**
     * Ends the output buffers. What they held before the stream began would break its first frame, so it goes to the
     * log. One that can't be ended is written through, without what it held.
     */
    private function endBuffers(bool $log): void
    {
        while (ob_get_level() > $this->lasting) {
            $held = (string)ob_get_contents();
            $level = ob_get_level();
            if ((ob_get_status()['flags'] & PHP_OUTPUT_HANDLER_REMOVABLE) === 0) {
                $this->lasting = $level;
                System::attempt('ob_clean');
                break;
            }
            if ($log && trim($held) !== '') {
                Journal::log(sprintf(
                    '%d bytes printed before the stream began were dropped: %s',
                    strlen($held),
                    Printable::of($held),
                ));
            }
            ob_end_clean();
            if (ob_get_level() >= $level) {
                break;
            }
        }
    }

    /**
     * What PHP prints comes to nothing.
     */
    private function swallow(): void
    {
        ob_start(static fn(): string => '');
    }
}
