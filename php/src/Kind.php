<?php
declare(strict_types=1);

namespace Sse\Polyfill;

use Sse\InvalidArgumentException;
use Sse\StoreException;
use Sse\StreamException;
use TypeError;

/**
 * Which exception a failure becomes.
 */
enum Kind: string
{
    /** The caller passed something that can't be used. */
    case Argument = InvalidArgumentException::class;
    /** An argument of another type. */
    case Type = TypeError::class;
    /** The store can't do what was asked. */
    case Store = StoreException::class;
    /** The response can't become a stream. */
    case Stream = StreamException::class;
}
