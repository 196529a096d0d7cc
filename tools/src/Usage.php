<?php
declare(strict_types=1);

namespace Sse\Tools;

use RuntimeException;

/**
 * The command can't be carried out as it was written, or not here. Its message is for the person who wrote it.
 */
final class Usage extends RuntimeException
{
}
