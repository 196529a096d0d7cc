<?php
declare(strict_types=1);

namespace Sse\Polyfill;

/**
 * A store that can't be had for now; the stream keeps its client and asks again after a pause, which grows and is drawn,
 * so that not all streams ask at once. A lock that is free in a moment is no matter for the log.
 */
final class Outage
{
    private const SHORTEST_PAUSE = 0.01;
    private const LONGEST_PAUSE = 5.0;

    /** A lock that was met for so long is told of. */
    private const WORTH_TELLING = 1.0;

    /** When it is asked again. */
    public readonly float $until;

    private function __construct(private float $pause, public readonly bool $wasTold)
    {
        $this->until = Pace::now() + $pause * Jitter::draw([500, 1_000]) / 1_000;
    }

    /**
     * Begins, or goes on.
     */
    public static function of(?self $before, string $subject, Failure $failure): self
    {
        $pause = $before === null ? self::SHORTEST_PAUSE : min(2 * $before->pause, self::LONGEST_PAUSE);
        $wasTold = $before !== null && $before->wasTold;
        if (!$wasTold && $pause >= self::WORTH_TELLING) {
            Journal::log("stream of $subject: $failure->text; the stream waits for it and goes on");
            $wasTold = true;
        }

        return new self($pause, $wasTold);
    }
}
