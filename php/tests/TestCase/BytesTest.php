<?php
declare(strict_types=1);

namespace Sse\Polyfill\Test\TestCase;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use Sse\Polyfill\Cursor;
use Sse\Polyfill\Draft;
use Sse\Polyfill\EventId;
use Sse\Polyfill\Failure;
use Sse\Polyfill\Format;
use Sse\Polyfill\Frame;
use Sse\Polyfill\Header;
use Sse\Polyfill\Key;
use Sse\Polyfill\Meta;
use Sse\Polyfill\Tags;
use Sse\Polyfill\Tail;

/**
 * The bytes of cursors, frames and logs.
 */
final class BytesTest extends TestCase
{
    /**
     * @return iterable<string, array{array<string, mixed>}>
     */
    public static function written(): iterable
    {
        return Vectors::rows('cursors.json', 'written');
    }

    /**
     * @param array<string, mixed> $row
     */
    #[DataProvider('written')]
    public function testACursorIsWrittenAndReadBack(array $row): void
    {
        $keys = Vectors::keys($row);
        $positions = array_map(Vectors::id(...), array_values($row['positions']));
        $this->assertSame($row['text'], Tags::of($keys)->write((int)hexdec($row['epoch']), $positions));
        $cursor = Cursor::read($row['text']);
        $this->assertSame((int)hexdec($row['epoch']), $cursor?->epoch);
        $this->assertEquals($positions, $cursor->positions($keys));
    }

    /**
     * @return iterable<string, array{array<string, mixed>}>
     */
    public static function refused(): iterable
    {
        return Vectors::rows('cursors.json', 'refused');
    }

    /**
     * @param array<string, mixed> $row
     */
    #[DataProvider('refused')]
    public function testWhatWeWouldNotHaveWrittenIsNoCursor(array $row): void
    {
        $this->assertNull(Cursor::read(Vectors::bytes($row, 'text')));
    }

    /**
     * @return iterable<string, array{array<string, mixed>}>
     */
    public static function positions(): iterable
    {
        return Vectors::rows('cursors.json', 'positions');
    }

    /**
     * @param array<string, mixed> $row
     */
    #[DataProvider('positions')]
    public function testACursorKnowsItsKeysAndNoOthers(array $row): void
    {
        $found = Cursor::read($row['text'])?->positions(Vectors::keys($row));
        $this->assertSame($row['positions'], array_map(static fn(?EventId $id): ?string => $id?->text(), $found ?? []));
    }

    public function testOneChangedCharacterOrCutOfACursorIsNoticed(): void
    {
        $alphabet = str_split('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
        $keys = array_map(static fn(int $n): Key => Key::of("key $n"), range(1, 5));
        $text = Tags::of($keys)->write(9, array_fill(0, 5, new EventId(1_767_225_600_000, 300)));
        for ($at = 0; $at < strlen($text); $at++) {
            $this->assertNull(Cursor::read(substr($text, 0, $at)));
            foreach (array_diff($alphabet, [$text[$at]]) as $wrong) {
                $this->assertNull(Cursor::read(substr_replace($text, $wrong, $at, 1)), "$wrong at $at");
            }
        }
    }

    /**
     * @return iterable<string, array{array<string, mixed>}>
     */
    public static function frames(): iterable
    {
        return Vectors::rows('frames.json', 'rows');
    }

    /**
     * @param array<string, mixed> $row
     */
    #[DataProvider('frames')]
    public function testAnEventIsALineInTheLogAndAFrameOnTheWire(array $row): void
    {
        $draft = Draft::of($row['json'], $row['event']);
        $line = Format::writeLine(new EventId(1, 0), 1, $draft);
        $this->assertSame($row['flags'], explode(' ', $line)[1]);
        $this->assertSame($row['frame'], Frame::event('{id}', $draft->name ?? $row['eventName'], $draft->wireJson()));
    }

    /**
     * @return iterable<string, array{array<string, mixed>}>
     */
    public static function lineEnds(): iterable
    {
        return Vectors::rows('lines.json', 'rows');
    }

    /**
     * @param array<string, mixed> $row
     */
    #[DataProvider('lineEnds')]
    public function testEachLineEndInTheDataBeginsALineOfTheFrame(array $row): void
    {
        $this->assertSame($row['frame'], Frame::event('{id}', 'message', $row['data']));
    }

    /**
     * @return iterable<string, array{array<string, mixed>}>
     */
    public static function headers(): iterable
    {
        return Vectors::rows('logs.json', 'headers');
    }

    /**
     * @param array<string, mixed> $row
     */
    #[DataProvider('headers')]
    public function testAHeaderIsWrittenAndReadBack(array $row): void
    {
        $header = new Header(
            (int)hexdec($row['epoch']),
            Vectors::id($row['trimmed_through']),
            Vectors::id($row['last_id']),
            Key::of(Vectors::bytes($row, 'key')),
        );
        $this->assertSame($row['line'], Format::writeHeader($header));
        $this->assertEquals([$header, strlen($row['line'])], Format::readHeader($row['line']));
    }

    public function testAHeaderOfALaterFormatIsKnownAsOneAndADamagedOneAsDamage(): void
    {
        $this->assertSame(9, Format::readHeader(Format::summed('sse-log 9 what will come') . "\n")[0]);
        $this->assertSame([null, 25], Format::readHeader('sse-log 9 what will come' . "\n1-0 - 1"));
        $line = Format::writeLine(new EventId(1, 0), 1, new Draft(null, null, '1'));
        $this->assertSame([null, 0], Format::readHeader($line));
        $this->assertSame([null, 0], Format::readHeader('no end'));
    }

    /**
     * @return iterable<string, array{array<string, mixed>}>
     */
    public static function events(): iterable
    {
        return Vectors::rows('logs.json', 'events');
    }

    /**
     * @param array<string, mixed> $row
     */
    #[DataProvider('events')]
    public function testAnEventsLineIsReadAndWrittenBack(array $row): void
    {
        $line = Vectors::bytes($row, 'line');
        $event = Format::readLine(substr($line, 0, -1))?->event();
        $this->assertNotNull($event);
        $draft = new Draft($row['event'], $row['cut'], $row['json'], $row['external']);
        $this->assertEquals([$row['id'], $draft], [$event->id->text(), $event->draft]);
        $this->assertSame($row['stored_millis'] ?? $event->id->millis, $event->storedMillis);
        $this->assertSame($line, Format::writeLine($event->id, $event->storedMillis, $draft));
    }

    /**
     * @param array<string, mixed> $row
     */
    #[DataProvider('events')]
    public function testAnyCutOfALineIsATornTailAndAnyChangedByteIsDamage(array $row): void
    {
        $line = substr(Vectors::bytes($row, 'line'), 0, -1);
        for ($at = 1; $at < strlen($line); $at++) {
            $this->assertSame(Tail::Torn, Format::readTail(substr($line, 0, $at)), "cut at $at");
            $this->assertNull(Format::readLine(substr_replace($line, chr(ord($line[$at]) ^ 1), $at, 1)), "changed at $at");
        }
        $this->assertSame(Tail::Whole, Format::readTail($line));
    }

    /**
     * @return iterable<string, array{array<string, mixed>}>
     */
    public static function damaged(): iterable
    {
        return Vectors::rows('logs.json', 'damaged');
    }

    /**
     * @param array<string, mixed> $row
     */
    #[DataProvider('damaged')]
    public function testADamagedLineIsNoEvent(array $row): void
    {
        foreach (explode("\n", substr(Vectors::bytes($row, 'line'), 0, -1)) as $line) {
            $this->assertNull(Format::readLine($line)?->event());
        }
    }

    /**
     * @return iterable<string, array{array<string, mixed>}>
     */
    public static function tails(): iterable
    {
        return Vectors::rows('logs.json', 'tails');
    }

    /**
     * @param array<string, mixed> $row
     */
    #[DataProvider('tails')]
    public function testWhatStandsBehindTheLastLineEndIsWholeTornOrDamaged(array $row): void
    {
        $this->assertSame($row['state'], strtolower(Format::readTail(Vectors::bytes($row, 'tail'))->name));
    }

    /**
     * @return iterable<string, array{array<string, mixed>}>
     */
    public static function stores(): iterable
    {
        return Vectors::rows('logs.json', 'stores');
    }

    /**
     * @param array<string, mixed> $row
     */
    #[DataProvider('stores')]
    public function testTheFileStoreIsReadStrictly(array $row): void
    {
        try {
            $meta = Meta::read(Vectors::bytes($row, 'line'), '{path}');
            $this->assertSame([null, $row['line']], [$row['error'], $meta->text()]);
        } catch (Failure $failure) {
            $row['error'] === 'damaged'
                ? $this->assertStringStartsWith('{path} is damaged: ', $failure->text)
                : $this->assertSame($row['error'], $failure->text);
        }
    }
}
