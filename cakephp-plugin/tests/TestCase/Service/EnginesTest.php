<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Service;

use App\Sse\JournalPayloads;
use ArrayObject;
use Cake\Cache\Cache;
use Cake\Core\Configure;
use Cake\Database\Connection;
use Cake\Datasource\ConnectionManager;
use Cake\TestSuite\TestCase;
use Closure;
use DateTimeImmutable;
use PHPUnit\Framework\Attributes\DataProvider;
use Sse\Service\SseService;
use Sse\Test\Support\OrderedPayloads;
use Sse\Test\Support\PayloadsSchema;
use Sse\Test\Support\StreamsTrait;

/**
 * What every engine that keeps each payload does alike.
 */
class EnginesTest extends TestCase
{
    use StreamsTrait;

    /**
     * @return array<string, list<string>>
     */
    public static function engines(): array
    {
        return [
            'native' => ['native'],
            'cache' => ['cache'],
            'database' => ['database'],
            'an ordered class' => [OrderedPayloads::class],
            'the ordered class of the README' => [JournalPayloads::class],
        ];
    }

    public function tearDown(): void
    {
        array_map(unlink(...), glob(TMP . '*.journal') ?: []);
        parent::tearDown();
    }

    private function choose(string $engine): void
    {
        Configure::write('Sse.payload_engine', $engine);
        OrderedPayloads::$payloads = [];
        if ($engine === 'database') {
            PayloadsSchema::create(ConnectionManager::get('default'));
        }
    }

    #[DataProvider('engines')]
    public function testOfFiveQuickPushesEachArrivesInOrder(string $engine): void
    {
        $this->choose($engine);
        $position = $this->getSsePosition('quick');
        $this->pushAll('quick', [1, 2, 3, 4, 5]);

        $this->assertSame([1, 2, 3, 4, 5], $this->streamed('quick', [], $position));
    }

    #[DataProvider('engines')]
    public function testEveryJsonValueIsSent(string $engine): void
    {
        $this->choose($engine);
        $payloads = ['text', '', 0, 12, 1.5, true, false, null, [], [1], ['a' => ['b' => null]], "line\nbreak", 'ñ/✓'];
        $this->pushAll('values', $payloads);

        $this->assertSame($payloads, $this->streamed('values'));
    }

    #[DataProvider('engines')]
    public function testAKeyMayHaveSpacesSlashesAndUnicode(string $engine): void
    {
        $this->choose($engine);
        $keys = ['a b', 'a_b', 'a/b', '../a', 'ключ', "tab\tline\n", 'A B', "\xff\xfe", str_repeat('k', 1024)];
        foreach ($keys as $number => $key) {
            $this->pushAll($key, [$number]);
        }
        foreach ($keys as $number => $key) {
            $this->assertSame([$number], $this->streamed($key));
        }
    }

    #[DataProvider('engines')]
    public function testThePayloadsOwnEventNamesItAndIsTakenOut(string $engine): void
    {
        $this->choose($engine);
        $this->pushAll('named', [['event' => 'toast', 'a' => 1]]);
        $this->pushAll('named', [['event' => '', 'a' => 2], ['event' => 7], ['a' => 4]]);

        $this->streamed('named');

        $this->assertSame(
            [
                ['toast', ['a' => 1]],
                ['message', ['event' => '', 'a' => 2]],
                ['message', ['event' => 7]],
                ['message', ['a' => 4]],
            ],
            array_map(fn(array $event): array => [$event['event'], $event['data']], $this->getSseEvents()),
        );
    }

    #[DataProvider('engines')]
    public function testBeforeSendSeesThePayloadAndItsFalsyResultSendsNothing(string $engine): void
    {
        $this->choose($engine);
        $this->pushAll('filtered', [['event' => 'e', 'n' => 1], ['n' => 2], 0, ['n' => 4]]);
        $seen = [];

        $sent = $this->streamed('filtered', ['beforeSend' => function (mixed $payload) use (&$seen): mixed {
            $seen[] = $payload;

            return ($payload['n'] ?? 0) % 2 === 0 ? $payload : false;
        }]);

        $this->assertSame([['event' => 'e', 'n' => 1], ['n' => 2], 0, ['n' => 4]], $seen);
        $this->assertSame([['n' => 2], ['n' => 4]], $sent);
    }

    #[DataProvider('engines')]
    public function testAStreamOfSeveralKeysSendsThePayloadsOfEach(string $engine): void
    {
        $this->choose($engine);
        $keys = ['one', 'other', "\xff"];
        $position = SseService::cursor($keys);
        foreach ($keys as $number => $key) {
            $this->pushAll($key, ["$number first", "$number second"]);
        }
        $this->_response = $this->component([], ['query' => ['lastEventId' => $position]])->stream($keys);

        $sent = array_column($this->getSseEvents(), 'data');
        foreach (array_keys($keys) as $number) {
            $own = array_filter($sent, fn(string $payload): bool => $payload[0] === (string)$number);
            $this->assertSame(["$number first", "$number second"], array_values($own));
        }
        $this->assertCount(6, $sent);
    }

    /**
     * @return array<string, array{string, \Closure(): mixed}>
     */
    public static function enginesThatMayForget(): array
    {
        return [
            'cache' => ['cache', fn() => Cache::clear('default')],
            'database' => ['database', function (): void {
                $connection = ConnectionManager::get('default');
                assert($connection instanceof Connection);
                $connection->delete('sse_payloads');
            }],
            'an ordered class' => [OrderedPayloads::class, fn() => OrderedPayloads::$payloads = []],
        ];
    }

    #[DataProvider('enginesThatMayForget')]
    public function testCheckTellsOfAPayloadThatVanishedAsAGap(string $engine, Closure $forget): void
    {
        $this->choose($engine);
        $this->pushAll('vanished', [1]);
        $known = SseService::check('vanished', 0);
        $this->assertNotNull($known);
        $this->assertArrayNotHasKey('gap', $known);
        $this->pushAll('vanished', [2]);
        $forget();

        foreach ([0, $known['id']] as $lastKnown) {
            $found = SseService::check('vanished', $lastKnown);
            $this->assertNull($found['data'] ?? null);
            $this->assertTrue($found['gap'] ?? false);
        }
    }

    #[DataProvider('enginesThatMayForget')]
    public function testAClientThatHasNothingYetIsToldOfNoGapWhereTheNewestPayloadIsGone(
        string $engine,
        Closure $forget,
    ): void {
        $this->choose($engine);
        $this->pushAll('vanished', [1]);
        $forget();

        $this->assertSame([], $this->streamed('vanished', ['replay' => 'last']));

        // Neither when it comes back, with what the greeting said.
        preg_match('/^id: (.+)$/m', (string)$this->_response?->getBody(), $greeting);
        $this->assertSame([], $this->streamed('vanished', [], $greeting[1] ?? ''));
        $this->pushAll('vanished', [2]);
        $this->assertSame([2], $this->streamed('vanished', ['replay' => 'last']));
    }

    #[DataProvider('engines')]
    public function testCheckTellsOfNoGapWhereThePayloadIsNull(string $engine): void
    {
        $this->choose($engine);
        $this->pushAll('null', [null]);

        $this->assertArrayNotHasKey('gap', SseService::check('null', 0) ?? []);
    }

    #[DataProvider('engines')]
    public function testCheckFindsThePayload(string $engine): void
    {
        $this->choose($engine);
        $this->pushAll('checked', [['n' => 1], ['n' => 2]]);

        $newest = SseService::check('checked', 0);
        $this->assertNotNull($newest);
        $this->assertSame(['n' => 2], $newest['data']);
        $this->assertNull(SseService::check('checked', $newest['id']));
    }

    public function testTheCacheKeepsPhpTypes(): void
    {
        $this->choose('cache');
        $payload = new ArrayObject(['event' => 'object', 'when' => new DateTimeImmutable('2026-01-01')]);
        SseService::push('types', $payload);

        $sent = $this->streamed('types', ['beforeSend' => function (mixed $seen) use ($payload): array {
            $this->assertEquals($payload, $seen);

            return ['event' => $seen['event'], 'year' => $seen['when']->format('Y')];
        }]);

        $this->assertSame([['year' => '2026']], $sent);
        $this->assertEquals($payload, SseService::check('types', 0)['data'] ?? null);
    }
}
