<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Sse\Service\Store;

/**
 * What the store knows of a key's signal, read on from where it was read last: notes `{"modified": 7}`, under a key of
 * their own.
 *
 * @internal
 */
final class SignalNotes
{
    /**
     * The newest modification time that was noted.
     */
    public int $modified = 0;

    /**
     * What the signal said at the last look, noted or not.
     */
    public ?int $seen = null;

    private readonly string $name;

    private ?string $position = null;

    /**
     * @param string $key The key whose signal it is.
     */
    public function __construct(string $key)
    {
        $this->name = 'sse-signal ' . hash('sha256', $key);
    }

    /**
     * @param int $modified What the signal says.
     * @return string the note's id
     * @throws \Sse\StoreException when the store fails
     */
    public function note(int $modified): string
    {
        return Store::instance()->push($this->name, compact('modified'));
    }

    /**
     * @param int $modified A modification time.
     * @return string|null the id of the first new note of this time or a later one
     * @throws \Sse\StoreException when the store can't be read
     */
    public function readOn(int $modified): ?string
    {
        $first = null;
        foreach (Store::instance()->events($this->name, $this->position) as $note) {
            $this->position = $note['id'];
            $time = (int)($note['data']['modified'] ?? 0);
            $this->modified = max($this->modified, $time);
            $first ??= $time >= $modified ? $this->position : null;
        }

        return $first;
    }
}
