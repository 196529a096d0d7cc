<?php
declare(strict_types=1);

namespace Sse\Http;

use Cake\Http\CallbackStream;

/**
 * A body that runs once and remembers what it answered.
 *
 * A real stream is written past PHP's output and answers an empty string; in tests the answer is its frames, which
 * several assertions want to see.
 */
class StreamBody extends CallbackStream
{
    private ?string $contents = null;

    public function getContents(): string
    {
        return $this->contents ??= parent::getContents();
    }
}
