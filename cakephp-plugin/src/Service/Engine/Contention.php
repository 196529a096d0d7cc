<?php
declare(strict_types=1);

namespace Sse\Service\Engine;

use Sse\StoreException;

/**
 * What a process does that finds others faster: it makes way for them, longer each time, and tries again.
 *
 * Who was faster has more to do of the same, maybe also what this process wanted, and goes on undisturbed.
 *
 * @internal
 */
final class Contention
{
    /**
     * So long it does, in seconds.
     */
    private const PATIENCE = 5.0;

    /**
     * The first pause and the longest one, in microseconds.
     */
    private const PAUSES = [1_000, 5_000];

    private float $until;

    private int $pause;

    /**
     * @param string $aim What it tries to do.
     */
    public function __construct(private readonly string $aim)
    {
        $this->hadTurn();
    }

    /**
     * Begins anew: it got somewhere.
     */
    public function hadTurn(): void
    {
        $this->until = microtime(true) + self::PATIENCE;
        $this->pause = self::PAUSES[0];
    }

    /**
     * @throws \Sse\StoreException when it never has its turn
     */
    public function makeWay(): void
    {
        if (microtime(true) > $this->until) {
            throw new StoreException(sprintf('for %g seconds others were faster to %s', self::PATIENCE, $this->aim));
        }
        usleep(random_int(intdiv($this->pause, 2), $this->pause));
        $this->pause = min(2 * $this->pause, self::PAUSES[1]);
    }
}
