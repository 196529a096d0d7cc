<?php
declare(strict_types=1);

namespace Sse;

use RuntimeException;

/**
 * The store can't do what was asked. Nothing is half-written.
 */
class StoreException extends RuntimeException implements Exception
{
}
