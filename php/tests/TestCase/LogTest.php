<?php
declare(strict_types=1);

namespace Sse\Polyfill\Test\TestCase;

use FilesystemIterator;
use PHPUnit\Framework\TestCase;
use Sse\Polyfill\Directory;
use Sse\Polyfill\Draft;
use Sse\Polyfill\Event;
use Sse\Polyfill\EventId;
use Sse\Polyfill\FileStore;
use Sse\Polyfill\Key;
use Sse\Polyfill\Retention;
use Sse\Polyfill\StoreSettings;

/**
 * A long log, of which a push on the web, the first of its request, reads the end alone.
 */
final class LogTest extends TestCase
{
    private const EVENTS = 1_000;

    private string $directory;

    protected function setUp(): void
    {
        $this->directory = sys_get_temp_dir() . '/sse-log-' . bin2hex(random_bytes(6));
        mkdir($this->directory);
    }

    protected function tearDown(): void
    {
        foreach (new FilesystemIterator($this->directory) as $file) {
            unlink((string)$file);
        }
        rmdir($this->directory);
    }

    public function testRetentionHoldsThoughEachPushIsOfANewRequest(): void
    {
        $last = EventId::zero();
        for ($number = 1; $number <= 3 * self::EVENTS; $number++) {
            $id = $this->push($number);
            $this->assertTrue($id->isAfter($last));
            $last = $id;
        }

        $kept = $this->kept();
        // A quarter more, and what the 64th part of the log holds.
        $this->assertGreaterThanOrEqual(self::EVENTS, count($kept));
        $this->assertLessThanOrEqual((int)(self::EVENTS * 1.25 * 65 / 64) + 1, count($kept));
        $this->assertSame(range(3 * self::EVENTS + 1 - count($kept), 3 * self::EVENTS), $kept);
    }

    public function testATornEndIsMended(): void
    {
        $this->fill();
        $lines = (array)file($this->log());
        file_put_contents($this->log(), substr((string)end($lines), 0, 20), FILE_APPEND);

        $this->push('after it');

        $this->assertSame([...range(1, self::EVENTS), 'after it'], $this->kept());
    }

    public function testAnEndThatLacksItsLineEndIsWhole(): void
    {
        $this->fill();
        $file = fopen($this->log(), 'r+');
        $this->assertIsResource($file);
        ftruncate($file, max(0, (int)filesize($this->log()) - 1));

        $this->push('after it');

        $this->assertSame([...range(1, self::EVENTS), 'after it'], $this->kept());
    }

    public function testBehindADamagedEndIdsGoOnAboveAllThatWereGiven(): void
    {
        $this->fill();
        file_put_contents($this->log(), "damaged\n", FILE_APPEND);

        $this->assertGreaterThan(EventId::nowMillis(), $this->push('after it')->millis);
    }

    public function testAPushBehindAnEventIsRefusedWhereAnotherCame(): void
    {
        $this->fill();
        $last = $this->push('last');

        $this->assertNull($this->store()->append(self::key(), Draft::of('1', null), EventId::zero()));
        $this->assertNull($this->store()->append(self::key(), Draft::of('1', null), $last->before()));
        $this->assertNotNull($this->store()->append(self::key(), Draft::of('1', null), $last));
    }

    /**
     * Makes a log that is long.
     */
    private function fill(): void
    {
        $store = $this->store();
        foreach (range(1, self::EVENTS) as $number) {
            $store->append(self::key(), Draft::of((string)$number . str_repeat(' ', 40), null));
        }
        clearstatcache();
        $this->assertGreaterThan(64 << 10, filesize($this->log()));
    }

    private function push(int|string $data): EventId
    {
        $id = $this->store()->append(self::key(), Draft::of((string)json_encode($data) . str_repeat(' ', 40), null));
        $this->assertNotNull($id);

        return $id;
    }

    /**
     * @return list<mixed> the data of what is kept
     */
    private function kept(): array
    {
        $items = $this->store()->read(self::key(), null, 100_000);
        $events = array_filter($items, static fn(object $item): bool => $item instanceof Event);
        $this->assertCount(count($items), $events);

        return array_values(array_map(static fn(Event $event): mixed => json_decode($event->draft->json), $events));
    }

    private function log(): string
    {
        return (new Directory($this->directory))->log(self::key());
    }

    /**
     * As a request has it that just began.
     */
    private function store(): FileStore
    {
        $retention = new Retention(86_400_000, self::EVENTS, 8 << 20);

        return new FileStore(new Directory($this->directory), new StoreSettings($retention, 1 << 20, false));
    }

    private static function key(): Key
    {
        return Key::of('long');
    }
}
