<?php
declare(strict_types=1);

namespace Sse\Polyfill\Test\TestCase;

use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;
use Sse\Polyfill\Directory;
use Sse\Polyfill\Draft;
use Sse\Polyfill\EventId;
use Sse\Polyfill\EventName;
use Sse\Polyfill\Failure;
use Sse\Polyfill\Key;
use Sse\Polyfill\Printable;

/**
 * What an id, a key, a name and an event can be.
 */
final class TypesTest extends TestCase
{
    /**
     * @return iterable<string, array{array<string, mixed>}>
     */
    public static function texts(): iterable
    {
        return Vectors::rows('ids.json', 'texts');
    }

    /**
     * @param array<string, mixed> $row
     */
    #[DataProvider('texts')]
    public function testOnlyWhatWeWriteIsAnId(array $row): void
    {
        $id = EventId::parse($row['text']);
        $this->assertSame([$row['millis'], $row['sequence']], [$id?->millis, $id?->sequence]);
        $this->assertSame($id === null ? null : $row['text'], $id?->text());
    }

    /**
     * @return iterable<string, array{array<string, mixed>}>
     */
    public static function following(): iterable
    {
        return Vectors::rows('ids.json', 'next');
    }

    /**
     * @param array<string, mixed> $row
     */
    #[DataProvider('following')]
    public function testIdsRiseWhateverTheClockSays(array $row): void
    {
        $last = Vectors::id($row['last']);
        $next = $last->next($row['now']);
        $this->assertSame($row['next'], $next->text());
        $this->assertTrue($next->isAfter($last));
        $this->assertSame($next->text(), $next->before()->next(0)->text());
    }

    /**
     * @return iterable<string, array{array<string, mixed>}>
     */
    public static function before(): iterable
    {
        return Vectors::rows('ids.json', 'before');
    }

    /**
     * @param array<string, mixed> $row
     */
    #[DataProvider('before')]
    public function testNoIdLiesBetweenOneAndThePlaceBeforeIt(array $row): void
    {
        $this->assertSame($row['before'], Vectors::id($row['id'])->before()->text());
    }

    /**
     * @return iterable<string, array{array<string, mixed>}>
     */
    public static function keys(): iterable
    {
        return Vectors::rows('keys.json', 'rows');
    }

    /**
     * @param array<string, mixed> $row
     */
    #[DataProvider('keys')]
    public function testAKeyHasItsOwnFile(array $row): void
    {
        try {
            $key = Key::of(Vectors::bytes($row, 'key'));
            $this->assertSame([null, "/d/$row[file]"], [$row['error'], (new Directory('/d'))->log($key)]);
        } catch (Failure $failure) {
            $this->assertSame($row['error'], $failure->text);
        }
    }

    /**
     * @return iterable<string, array{array<string, mixed>}>
     */
    public static function names(): iterable
    {
        return Vectors::rows('names.json', 'rows');
    }

    /**
     * @param array<string, mixed> $row
     */
    #[DataProvider('names')]
    public function testANameThatWouldForgeLinesOrMeansSomethingElseIsRefused(array $row): void
    {
        $name = Vectors::bytes($row, 'event');
        try {
            $this->assertSame($name, EventName::checked($name));
            $this->assertNull($row['error']);
        } catch (Failure $failure) {
            $this->assertSame($row['error'], $failure->text);
        }
    }

    /**
     * @return iterable<string, array{string, ?string, string}>
     */
    public static function members(): iterable
    {
        yield 'first' => ['{"event":"toast","a":1}', 'toast', '{"a":1}'];
        yield 'in the middle' => ['{"a":1,"event":"toast","b":2}', 'toast', '{"a":1,"b":2}'];
        yield 'last, behind a deeper one' => ['{"a":{"event":"x"},"event":"toast"}', 'toast', '{"a":{"event":"x"}}'];
        yield 'alone' => ['{"event":"toast"}', 'toast', '{}'];
        yield 'behind escapes' => ['{"a":"\\\\\\",","event":"toast"}', 'toast', '{"a":"\\\\\\","}'];
        yield 'escaped itself' => ['{"event":"\u00e9\/"}', 'é/', '{}'];
        foreach (
            [
                '{"event":""}', '{"event":7}', '{"event":null}', '{"event":{"a":1}}', '{"a":{"event":"x"}}', '["event","x"]',
                '"event"', '{}', '[]', 'null', '1.5', '', '{"event":', '{"event":"x', '{"a":"\\', '{"a":[{"event":"b"}',
            ] as $other
        ) {
            yield "none in $other" => [$other, null, $other];
        }
    }

    #[DataProvider('members')]
    public function testAMemberNamedEventNamesTheEventAndLeavesTheWireForm(string $json, ?string $name, string $wire): void
    {
        $draft = Draft::of($json, null);
        $this->assertSame([$name, $wire], [$draft->name, $draft->wireJson()]);
        $this->assertSame('explicit', Draft::of($json, 'explicit')->name);
        $this->assertSame($json, Draft::of($json, 'explicit')->wireJson());
    }

    public function testWhatIsShownHasNoControlCharactersAndNoBrokenUtf8(): void
    {
        $this->assertSame('a\nb\u{1b}[2J' . "\u{FFFD}", Printable::of("a\nb\x1b[2J\xff"));
        $this->assertSame('\u{85}', Printable::of("\u{85}"));
        $this->assertSame(str_repeat('é', 200) . '…', Printable::of(str_repeat('é', 201)));
        $this->assertSame(str_repeat('é', 200), Printable::of(str_repeat('é', 200)));
        // What was cut short is replaced as one, and so is each byte that begins nothing.
        $this->assertSame("\u{FFFD}a\u{FFFD}\u{FFFD}", Printable::utf8("\xf0\x9f\x98a\xed\xa0"));
    }
}
