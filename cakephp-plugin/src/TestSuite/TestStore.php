<?php
declare(strict_types=1);

namespace Sse\TestSuite;

use FilesystemIterator;
use Sse\Service\Store;

/**
 * A store for one test, in a temporary directory. Its streams end by themselves when they have sent what there is.
 *
 * @internal
 */
final class TestStore extends Store
{
    /**
     * Each look at the store lasts so long, in seconds: what is stored is sent before the clock is looked at.
     */
    private const LOOK = 0.001;

    private readonly string $directory;

    /**
     * Events that the closures left out after the last frame.
     */
    private int $unsent = 0;

    /**
     * Events to come that were left out before.
     */
    private int $again = 0;

    /**
     * Makes the directory.
     */
    public function __construct()
    {
        $this->directory = sys_get_temp_dir() . '/sse-test-' . bin2hex(random_bytes(8));
        mkdir($this->directory, 0700);
    }

    /**
     * @return bool
     */
    public function isShared(): bool
    {
        return false;
    }

    /**
     * What a client would get: what is there when it connects, then what one round of `onLoop` brings.
     *
     * @param string $key The key.
     * @param array<string, mixed> $options Options of Sse\stream().
     * @return string the frames
     */
    public function stream(string $key, array $options): string
    {
        $onLoop = $options['onLoop'] ?? null;
        $isGreeted = $options['connected'] ?? true;
        $options = ['lifetime' => self::LOOK, 'connected' => true, 'onLoop' => null] + $this->counting($options);
        $this->unsent = 0;
        // The greeting has the position that the client begins at.
        $sent = $this->look($key, $options);
        $sent .= $this->lookOn($key, $options, $sent);
        if ($onLoop !== null) {
            // What it prints would not reach the client either.
            ob_start();
            try {
                $onLoop();
            } finally {
                ob_end_clean();
            }
            $sent .= $this->lookOn($key, $options, $sent);
        }

        return $isGreeted ? $sent : $this->withoutFirstBlock($sent);
    }

    /**
     * Removes the directory.
     *
     * @return void
     */
    public function remove(): void
    {
        foreach (new FilesystemIterator($this->directory) as $file) {
            unlink((string)$file);
        }
        rmdir($this->directory);
    }

    /**
     * @return string
     */
    protected function dsn(): string
    {
        $this->requireExtension();

        return "file://$this->directory";
    }

    /**
     * Looks until there is nothing new.
     *
     * @param string $key The key.
     * @param array<string, mixed> $options Options.
     * @param string $sent What was sent so far.
     * @return string what came after it
     */
    private function lookOn(string $key, array $options, string $sent): string
    {
        $more = '';
        do {
            $position = $this->position($sent . $more);
            $this->again = $this->unsent;
            $frames = $this->look($key, ['lastEventId' => $position, 'connected' => false] + $options);
            // It opens with a block of its own: the pause to keep before connecting again.
            $frames = $this->withoutFirstBlock($frames);
            $more .= $frames;
        } while ($frames !== '');

        return $more;
    }

    /**
     * Counts what the closures leave out after the last frame: a look that goes on from that frame comes upon it
     * again, and the application's closures must not.
     *
     * @param array<string, mixed> $options Options.
     * @return array<string, mixed>
     */
    private function counting(array $options): array
    {
        $fetch = $options['fetch'] ?? null;
        $beforeSend = $options['beforeSend'] ?? null;
        if ($fetch !== null) {
            $options['fetch'] = function (mixed $reference) use ($fetch): ?array {
                if ($this->again > 0) {
                    return [null];
                }
                $payload = $fetch($reference);
                // Gone: a frame says so.
                $this->unsent = $payload === null ? 0 : $this->unsent;

                return $payload;
            };
        }
        if ($beforeSend !== null) {
            $options['beforeSend'] = function (mixed $payload) use ($beforeSend): mixed {
                if ($this->again > 0) {
                    $this->again--;

                    return null;
                }
                $sent = $beforeSend($payload);
                $this->unsent = $sent ? 0 : $this->unsent + 1;

                return $sent;
            };
        }

        return $options;
    }

    /**
     * @param string $key The key.
     * @param array<string, mixed> $options Options.
     * @return string what is sent
     */
    private function look(string $key, array $options): string
    {
        ob_start();
        try {
            parent::stream($key, $options);
        } finally {
            $frames = (string)ob_get_clean();
        }

        return $frames;
    }

    /**
     * @param string $sent What was sent so far.
     * @return string the id of the last frame
     */
    private function position(string $sent): string
    {
        preg_match_all('/^id: (.+)$/m', $sent, $matches);

        return (string)end($matches[1]);
    }

    /**
     * @param string $frames Frames.
     * @return string
     */
    private function withoutFirstBlock(string $frames): string
    {
        return substr($frames, (int)strpos($frames, "\n\n") + 2);
    }
}
