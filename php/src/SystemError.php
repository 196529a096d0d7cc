<?php
declare(strict_types=1);

namespace Sse\Polyfill;

use RuntimeException;

/**
 * What the system refused; `Refusal` says it with its remedy.
 */
final class SystemError extends RuntimeException
{
    public function __construct(public readonly Reason $reason, string $text)
    {
        parent::__construct($text);
    }
}
