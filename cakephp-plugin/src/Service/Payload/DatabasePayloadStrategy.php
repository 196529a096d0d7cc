<?php
declare(strict_types=1);

namespace Sse\Service\Payload;

use InvalidArgumentException;
use Sse\Service\Engine\PayloadRows;

/**
 * Payloads in the table `sse_payloads`, as JSON.
 *
 * The engine `database` does more than this class by itself: it tells the streams.
 */
class DatabasePayloadStrategy implements OrderedPayloadStrategyInterface
{
    private readonly PayloadRows $rows;

    /**
     * Takes the table that `Sse.payloads_model` names.
     */
    public function __construct()
    {
        $this->rows = new PayloadRows();
    }

    /**
     * The rows, for the engine.
     *
     * @internal
     * @return \Sse\Service\Engine\PayloadRows
     */
    public function rows(): PayloadRows
    {
        return $this->rows;
    }

    /**
     * Inside a transaction the payload has no place in the order before the commit: then the reference is empty, and
     * finds nothing.
     *
     * @inheritDoc
     */
    public function append(string $key, mixed $data): ?string
    {
        $json = json_encode($data);
        if ($json === false) {
            throw new InvalidArgumentException('the payload can\'t be encoded as JSON: ' . json_last_error_msg());
        }
        $id = $this->rows->insert($key, $json);
        if ($this->rows->areInTransaction()) {
            return '';
        }
        $this->rows->place($key, 0);

        return (string)$this->rows->position($id);
    }

    /**
     * @inheritDoc
     */
    public function find(string $key, string $reference): ?array
    {
        $found = $this->rows->find($key, (int)$reference);

        return $found === null ? null : [$found->payload()];
    }

    /**
     * @inheritDoc
     */
    public function after(string $key, ?string $reference): ?array
    {
        if (!$this->rows->areInTransaction()) {
            $this->rows->place($key, (int)$reference);
        }
        $references = [];
        foreach ($this->rows->after($key, (int)$reference) as $position => $_) {
            $references[] = (string)$position;
        }

        return $references;
    }

    /**
     * @inheritDoc
     */
    public function store(string $key, mixed $data): bool
    {
        return $this->append($key, $data) !== null;
    }

    /**
     * @inheritDoc
     */
    public function fetch(string $key): mixed
    {
        if (!$this->rows->areInTransaction()) {
            $this->rows->place($key, 0);
        }

        return $this->rows->newest($key)?->payload();
    }
}
