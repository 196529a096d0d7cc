<?php
declare(strict_types=1);

namespace Sse\Polyfill;

use Exception;

/**
 * A value can't be used; the message says what would do.
 */
final class Expected extends Exception
{
}
