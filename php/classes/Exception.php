<?php
declare(strict_types=1);

namespace Sse;

use Throwable;

/**
 * Implemented by every exception of this library, as by those of the extension.
 */
interface Exception extends Throwable
{
}
