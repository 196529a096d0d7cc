<?php
declare(strict_types=1);

namespace Sse;

/**
 * Something was passed, or set, that can't be used. Nothing was stored or sent.
 */
class InvalidArgumentException extends \InvalidArgumentException implements Exception
{
}
