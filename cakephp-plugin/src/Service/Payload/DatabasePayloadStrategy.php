<?php
declare(strict_types=1);

namespace Sse\Service\Payload;

use Sse\Service\Engine\PayloadRows;
use Sse\Service\Store;

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
     * Inside a transaction the payload has no place in the order before the commit: then the reference is empty, and
     * finds nothing.
     *
     * @inheritDoc
     */
    public function append(string $key, mixed $data): ?string
    {
        $id = $this->rows->insert($key, Store::instance()->encode($data));
        $this->rows->place($key, 0, $id);

        return (string)$this->rows->position($id);
    }

    /**
     * @inheritDoc
     */
    public function find(string $key, string $reference): ?array
    {
        $json = $this->rows->find($key, (int)$reference);

        return $json === null ? null : [json_decode($json, true)];
    }

    /**
     * @inheritDoc
     */
    public function after(string $key, ?string $reference): ?array
    {
        $this->rows->place($key, (int)$reference);

        return array_map(strval(...), array_keys(iterator_to_array($this->rows->after($key, (int)$reference))));
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
        $this->rows->place($key, 0);

        return json_decode($this->rows->newest($key) ?? 'null', true);
    }
}
