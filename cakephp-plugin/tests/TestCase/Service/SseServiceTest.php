<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Service;

use ArrayObject;
use Cake\Core\Configure;
use Cake\Core\Exception\CakeException;
use Cake\Datasource\ConnectionManager;
use Cake\TestSuite\TestCase;
use InvalidArgumentException;
use JsonSerializable;
use PHPUnit\Framework\Attributes\DataProvider;
use ReflectionMethod;
use Sse\Service\Payload\CachePayloadStrategy;
use Sse\Service\Payload\RedisPayloadStrategy;
use Sse\Service\Signal\FileSignalStrategy;
use Sse\Service\SseService;
use Sse\Service\Store;
use Sse\Test\Support\ArrayPayloads;
use Sse\Test\Support\CounterSignal;
use Sse\Test\Support\PayloadsSchema;
use Sse\Test\Support\StreamsTrait;
use stdClass;

class SseServiceTest extends TestCase
{
    use StreamsTrait;

    public function testTheConstantsNameTheEngines(): void
    {
        $this->assertSame('cache', SseService::PAYLOAD_CACHE_ENGINE);
        $this->assertSame('database', SseService::PAYLOAD_DATABASE_ENGINE);
        $this->assertSame('redis', SseService::PAYLOAD_REDIS_ENGINE);
        $this->assertSame('file', SseService::SIGNAL_FILE_ENGINE);
        $this->assertSame('native', SseService::PAYLOAD_NATIVE_ENGINE);
    }

    public function testTheMethodsKeepTheirParameterNames(): void
    {
        $names = fn(string $method): array => array_map(
            fn($parameter): string => $parameter->getName(),
            (new ReflectionMethod(SseService::class, $method))->getParameters(),
        );

        $this->assertSame(['key', 'payload'], $names('push'));
        $this->assertSame(['key', 'lastKnownTime'], $names('check'));
        $this->assertSame([], $names('reset'));
    }

    public function testWithoutConfigurationEventsAreInTheNativeStore(): void
    {
        $this->assertTrue(SseService::push('plain', ['a' => 1]));

        $this->assertSame([['a' => 1]], $this->streamed('plain'));
        $this->assertSame('native', $this->payloadPlace('plain'));
    }

    public static function configurations(): array
    {
        return [
            'payload native' => [['payload_engine' => 'native'], 'native'],
            'payload native, signal file' => [['payload_engine' => 'native', 'signal_engine' => 'file'], 'native'],
            'redis' => [['payload_engine' => 'redis'], 'native'],
            'redis by class name' => [['payload_engine' => RedisPayloadStrategy::class], 'native'],
            'both native' => [['payload_engine' => 'native', 'signal_engine' => 'native'], 'native'],
            'payload cache alone' => [['payload_engine' => 'cache'], 'elsewhere'],
            'signal file alone means cache' => [['signal_engine' => 'file'], 'elsewhere'],
            'both by class name' => [
                ['payload_engine' => CachePayloadStrategy::class, 'signal_engine' => FileSignalStrategy::class],
                'elsewhere',
            ],
            'payload of one\'s own' => [['payload_engine' => ArrayPayloads::class], 'elsewhere'],
            'signal of one\'s own alone means cache' => [['signal_engine' => CounterSignal::class], 'elsewhere'],
        ];
    }

    /**
     * @param array<string, string> $configuration The configuration.
     */
    #[DataProvider('configurations')]
    public function testAnEngineIsChosenByNameOrClass(array $configuration, string $place): void
    {
        Configure::write('Sse', $configuration);

        $this->assertTrue(SseService::push('chosen', ['a' => 1]));

        $this->assertSame([['a' => 1]], $this->streamed('chosen'));
        $this->assertSame($place, $this->payloadPlace('chosen'));
    }

    public static function wrongConfigurations(): array
    {
        return [
            'no engine' => [['payload_engine' => 'rediss'], 'one of: native, cache, database, redis'],
            'no class' => [['signal_engine' => 'App\Gone'], 'Sse.signal_engine is "App\Gone"'],
            'no text' => [['payload_engine' => ['cache']], 'Sse.payload_engine is array'],
            'another class' => [['payload_engine' => stdClass::class], 'does not implement'],
            'a signal as payload' => [['payload_engine' => FileSignalStrategy::class], 'PayloadStrategyInterface'],
            'native with what it is by itself, extended' => [
                ['payload_engine' => 'native', 'signal_engine' => (new class extends FileSignalStrategy {
                })::class],
                'is a FileSignalStrategy, which the payload engine "native" is by itself',
            ],
            'a misspelt setting' => [['payload_engin' => 'database'], 'did you mean "payload_engine"?'],
            'another' => [['Redis_Config' => 'default'], 'no setting "Redis_Config"; did you mean "redis_config"?'],
            'a misspelt option of streams' => [['heartbeet' => 3], 'did you mean "heartbeat"?'],
            'no cache' => [['payload_engine' => 'cache', 'cache_config' => 'gone'], 'There are: default, '],
            'no text for a cache' => [['payload_engine' => 'cache', 'cache_config' => ['default']], 'is array'],
            'no cache for redis' => [['payload_engine' => 'redis', 'redis_config' => 'defualt'], 'mean "default"?'],
        ];
    }

    /**
     * @param array<string, mixed> $configuration The configuration.
     */
    #[DataProvider('wrongConfigurations')]
    public function testAWrongConfigurationSaysWhatWouldDo(array $configuration, string $message): void
    {
        Configure::write('Sse', $configuration);
        // The store of a test needs no Redis.
        Store::replace(null);

        $this->expectException(InvalidArgumentException::class);
        $this->expectExceptionMessage($message);
        SseService::push('k', 1);
    }

    public function testResetLetsAChangedConfigurationCount(): void
    {
        SseService::push('before', 1);
        Configure::write('Sse.payload_engine', ArrayPayloads::class);
        SseService::push('between', 1);
        SseService::reset();
        SseService::push('after', 1);

        $this->assertSame('native', $this->payloadPlace('between'));
        $this->assertSame('elsewhere', $this->payloadPlace('after'));
    }

    public static function badInput(): array
    {
        return [
            'empty key' => ['', 1, 'must not be empty'],
            'NUL in the key' => ["a\0b", 1, 'NUL'],
            'long key' => [str_repeat('k', 1025), 1, 'at most 1024'],
            'invalid UTF-8' => ['k', "\xff", 'UTF-8'],
            'no JSON' => ['k', NAN, 'JSON'],
            'line break in the event\'s name' => ['k', ['event' => "a\nevent: forged"], 'line break'],
            'carriage return in the event\'s name' => ['k', ['event' => "a\rdata: forged"], 'line break'],
            'an object whose class is not known' => ['k', [unserialize('O:4:"Gone":0:{}')], 'the class Gone'],
            'a name that EventSource takes for its own' => ['k', ['event' => 'error'], 'the event name "error"'],
            'the name of a gap' => ['k', new ArrayObject(['event' => 'sse-gap']), 'the event name "sse-gap"'],
            'line break in an object\'s name' => ['k', new ArrayObject(['event' => "a\n"]), 'line break'],
        ];
    }

    #[DataProvider('badInput')]
    public function testBadInputIsAnExceptionWithEachEngine(string $key, mixed $payload, string $message): void
    {
        foreach (['native', 'cache', ArrayPayloads::class] as $engine) {
            Configure::write('Sse.payload_engine', $engine);
            SseService::reset();
            try {
                SseService::push($key, $payload);
                $this->fail("$engine took it");
            } catch (InvalidArgumentException $exception) {
                $this->assertStringContainsString($message, $exception->getMessage(), $engine);
            }
        }
    }

    public function testWhatJsonSerializableThrowsIsTheCallersOwn(): void
    {
        $payload = new class implements JsonSerializable {
            public function jsonSerialize(): never
            {
                throw new CakeException('mine');
            }
        };

        $this->expectExceptionMessage('mine');
        SseService::push('k', $payload);
    }

    public function testCheckFindsTheNewestPayloadAfterASecond(): void
    {
        $this->assertNull(SseService::check('checked', 0));
        $this->pushAll('checked', [['n' => 1], ['n' => 2]]);

        $found = SseService::check('checked', 0);

        $this->assertSame(['n' => 2], $found['data']);
        $this->assertEqualsWithDelta(time(), $found['time'], 30);
        $this->assertMatchesRegularExpression('/^\d+-\d+$/', $found['id']);
        $this->assertSame(['time', 'data', 'id'], array_keys($found));
        $this->assertNotNull(SseService::check('checked', $found['time'] - 1));
        $this->assertNull(SseService::check('checked', $found['time']));
        $this->assertNull(SseService::check('checked', PHP_INT_MAX));
        $this->assertNotNull(SseService::check('checked', -1));
    }

    public function testCheckWithAnIdGivesEachEventOnce(): void
    {
        $this->pushAll('each', [0]);
        $id = SseService::check('each', 0)['id'];
        $this->pushAll('each', [1, 2, 3]);

        $data = [];
        while ($found = SseService::check('each', $id)) {
            $data[] = $found['data'];
            $id = $found['id'];
            $this->assertArrayNotHasKey('gap', $found);
        }

        $this->assertSame([1, 2, 3], $data);
    }

    public function testCheckWithAnIdTellsOfAGap(): void
    {
        $this->pushAll('gap', [1]);

        $this->assertTrue(SseService::check('gap', '1-0')['gap']);
    }

    public function testCheckRefusesTextThatIsNoId(): void
    {
        $this->expectException(InvalidArgumentException::class);
        $this->expectExceptionMessage('"yesterday" is not an event id');
        SseService::check('k', 'yesterday');
    }

    /**
     * @return list<list<string>>
     */
    public static function engines(): array
    {
        return [['native'], ['cache'], ['database']];
    }

    #[DataProvider('engines')]
    public function testReadFindsPayloadsOldestFirstWhereverTheyAreKept(string $engine): void
    {
        PayloadsSchema::create(ConnectionManager::get('default'));
        Configure::write('Sse.payload_engine', $engine);
        $this->assertSame([], SseService::read('read'));
        $this->pushAll('read', ['a', ['event' => 'toast', 'n' => 2], null]);

        $all = SseService::read('read');

        $this->assertSame(['a', ['event' => 'toast', 'n' => 2], null], array_column($all, 'data'));
        $this->assertSame(['time', 'data', 'id'], array_keys($all[2]));
        $this->assertSame([$all[1], $all[2]], SseService::read('read', $all[0]['id']));
        $this->assertSame([$all[0]], SseService::read('read', null, 1));
        $this->assertSame([$all[1], $all[2]], SseService::read('read', null, -2));
    }

    public function testReadTellsOfAGap(): void
    {
        $this->pushAll('gap', [1, 2]);

        $this->assertSame([true, null], array_map(
            fn(array $event): ?bool => $event['gap'] ?? null,
            SseService::read('gap', '1-0'),
        ));
    }

    public function testACursorMakesAStreamBeginWhereItWasMade(): void
    {
        $this->pushAll('before', [1]);
        $cursor = SseService::cursor('before');
        $this->pushAll('before', [2, 3]);

        $this->assertSame([2, 3], $this->streamed('before', [], $cursor));
        $this->assertNotSame($cursor, SseService::cursor(['before', 'another']));
    }

    public function testStatusTellsOfTheApplicationsOwnStore(): void
    {
        Store::replace(null);
        mkdir(TMP . 'told');
        Configure::write('Sse.dsn', 'file://' . TMP . 'told');

        $this->assertSame(TMP . 'told', SseService::status()['store']);
        $this->assertNull(SseService::status()['problem']);
    }

    public function testTheServiceIsTheSameAsAnObject(): void
    {
        $service = SseService::service();
        $this->assertTrue($service->push('object', 1));

        $this->assertSsePushed('object', 1);
        $this->assertSame(SseService::check('object', 0), $service->check('object', 0));
        $this->assertSame(SseService::read('object'), $service->read('object'));
        $this->assertSame(SseService::cursor('object'), $service->cursor('object'));
        $this->assertSame(SseService::status(), $service->status());
    }

    /**
     * Whether the payload of a key's newest event is in the store itself.
     */
    private function payloadPlace(string $key): string
    {
        $newest = $this->sseStore?->newest($key);

        return $newest !== null && $newest['external'] ? 'elsewhere' : 'native';
    }
}
