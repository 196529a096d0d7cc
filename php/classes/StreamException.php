<?php
declare(strict_types=1);

namespace Sse;

use RuntimeException;

/**
 * The response can't become a stream. No byte was sent.
 */
class StreamException extends RuntimeException implements Exception
{
}
