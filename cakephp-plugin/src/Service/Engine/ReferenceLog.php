<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Sse\Service\Store;

/**
 * What the store says of payloads that lie elsewhere, read on from where it was read last.
 *
 * A reference is one of these, with `modified` where the signal is custom:
 * - `{"reference": "…"}`: one payload of an ordered class;
 * - `{"value": "…"}`: the class's last value was changed; the text is random and tells pushes apart.
 *
 * @internal
 */
final class ReferenceLog
{
    /**
     * The newest modification time of the signal that is in the log.
     */
    public int $modified = 0;

    /**
     * The newest reference to one payload.
     */
    public ?string $reference = null;

    /**
     * Changes of the last value that were not asked for yet, by their text, oldest first.
     *
     * @var array<string, true>
     */
    private array $changes = [];

    private ?string $position = null;

    /**
     * How far back the end of the log goes, in seconds.
     */
    private const END = 10;

    /**
     * @param string $key The key.
     * @param bool $keepsChanges Whether changes of the last value are wanted.
     */
    public function __construct(private readonly string $key, private readonly bool $keepsChanges = false)
    {
    }

    /**
     * @return void
     * @throws \Sse\StoreException when the store can't be read
     */
    public function readOn(): void
    {
        foreach (Store::instance()->events($this->key, $this->position) as $event) {
            $this->position = $event['id'];
            if (!$event['external']) {
                continue;
            }
            $this->modified = max($this->modified, $event['data']['modified'] ?? 0);
            $this->reference = $event['data']['reference'] ?? $this->reference;
            if ($this->keepsChanges && isset($event['data']['value'])) {
                $this->changes[$event['data']['value']] = true;
            }
        }
    }

    /**
     * Reads on; at first only the end, where the newest reference is.
     *
     * @return void
     * @throws \Sse\StoreException when the store can't be read
     */
    public function readEnd(): void
    {
        if ($this->position === null) {
            // Ids begin with milliseconds since 1970.
            $this->position = (time() - self::END) * 1000 . '-0';
            $this->readOn();
            $this->position = $this->reference === null ? null : $this->position;
        }
        $this->readOn();
    }

    /**
     * Whether a change of the last value, which is due, is followed by another one that has the same value to send.
     *
     * The log is read on only when all that was known is done: however fast it grows, the last of them is sent.
     *
     * @param string $change The change's text.
     * @return bool
     * @throws \Sse\StoreException when the store can't be read
     */
    public function isFollowed(string $change): bool
    {
        if (!isset($this->changes[$change])) {
            $this->readOn();
        }
        $at = array_search($change, array_keys($this->changes), true);
        if ($at === false) {
            return false;
        }
        $this->changes = array_slice($this->changes, $at + 1, null, true);

        return $this->changes !== [];
    }

    /**
     * A reference to the last value.
     *
     * @return array{value: string}
     */
    public static function value(): array
    {
        // Not all digits: PHP would make a number of it as a key.
        return ['value' => 'c' . bin2hex(random_bytes(8))];
    }
}
