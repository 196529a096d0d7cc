<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Service;

use ArrayObject;
use Cake\Cache\Cache;
use Cake\Cache\Engine\ApcuEngine;
use Cake\Cache\Engine\ArrayEngine;
use Cake\Cache\Engine\FileEngine;
use Cake\Cache\Engine\NullEngine;
use Cake\Core\Configure;
use Cake\Core\Exception\CakeException;
use Cake\TestSuite\LogTestTrait;
use Cake\TestSuite\TestCase;
use Closure;
use InvalidArgumentException;
use JsonSerializable;
use PHPUnit\Framework\Attributes\DataProvider;
use Sse\Service\Payload\CachePayloadStrategy;
use Sse\Service\SseService;
use Sse\Service\Store;
use Sse\StoreException;
use Sse\Test\Support\StreamsTrait;

class CacheEngineTest extends TestCase
{
    use LogTestTrait;
    use StreamsTrait;

    public function setUp(): void
    {
        parent::setUp();
        Configure::write('Sse.payload_engine', 'cache');
        Cache::clear('default');
    }

    public function tearDown(): void
    {
        Cache::clear('default');
        Cache::clear('sse');
        Cache::drop('other');
        Cache::enable();
        parent::tearDown();
    }

    public function testTheConfigurationDefaultIsUsedUnlessAnotherIsNamed(): void
    {
        $files = fn(string $prefix): int => count(glob(CACHE . "{$prefix}sse_????????*") ?: []);
        SseService::push('k', 1);
        // The payload, and which one is the last.
        $this->assertSame([2, 0], [$files('app_'), $files('app_sse_')]);

        Configure::write('Sse.cache_config', 'sse');
        SseService::reset();
        SseService::push('k', 2);
        $this->assertSame(2, $files('app_sse_'));
    }

    public function testTheApplicationsOwnKeysStayUntouched(): void
    {
        Cache::write('settings', ['theme' => 'dark']);

        SseService::push('settings', ['n' => 1]);

        $this->assertSame(['theme' => 'dark'], Cache::read('settings'));
        $this->assertSame([['n' => 1]], $this->streamed('settings'));
    }

    public function testAPayloadThatVanishedIsToldAsAGap(): void
    {
        $position = $this->getSsePosition('vanished');
        $this->pushAll('vanished', [1]);
        Cache::clear('default');
        $this->pushAll('vanished', [2]);

        $this->streamed('vanished', [], $position);

        $this->assertSame(['sse-gap', 'message'], array_column($this->getSseEvents(), 'event'));
        $this->assertSame(['vanished'], $this->getSseEvents()[0]['data']['keys']);
        $this->assertSame(2, $this->getSseEvents()[1]['data']);
    }

    public function testACacheThatDoesNotTakeItAnswersFalseAndWakesNobody(): void
    {
        $this->setupLog('error');
        Cache::setConfig('other', new class extends FileEngine {
            public function set(string $key, mixed $value, $ttl = null): bool
            {
                return false;
            }
        });
        Configure::write('Sse.cache_config', 'other');

        $this->assertFalse(SseService::push('failing', 1));

        $this->assertSame([], $this->streamed('failing'));
        $this->assertLogged('the cache "other" did not take a payload');
        $this->assertSsePushCount(0);
    }

    public static function privateCaches(): array
    {
        return [
            'Array' => [fn() => Cache::setConfig('other', ['className' => ArrayEngine::class]), 'one process'],
            'Null' => [fn() => Cache::setConfig('other', ['className' => NullEngine::class]), 'keeps nothing'],
            'Apcu' => [fn() => Cache::setConfig('other', new class extends ApcuEngine {
                public function init(array $config = []): bool
                {
                    // Without the extension apcu, which refuses it besides.
                    return true;
                }
            }), 'belongs to one PHP server'],
            'switched off' => [function (): void {
                Cache::setConfig('other', ['className' => FileEngine::class]);
                Cache::disable();
            }, 'Cache::disable()'],
        ];
    }

    #[DataProvider('privateCaches')]
    public function testACacheThatNoOtherProcessReadsIsRefused(Closure $configure, string $why): void
    {
        Store::replace(null);
        $configure();
        Configure::write('Sse.cache_config', 'other');

        $this->expectException(CakeException::class);
        $this->expectExceptionMessage($why);
        SseService::push('k', 1);
    }

    public function testInTestsTheArrayCacheWillDo(): void
    {
        Cache::setConfig('other', ['className' => ArrayEngine::class]);
        Configure::write('Sse.cache_config', 'other');
        $this->pushAll('k', [1]);

        $this->assertSame([1], $this->streamed('k'));
    }

    public function testWhatCannotBeSerializedIsRefused(): void
    {
        $this->expectException(InvalidArgumentException::class);
        $this->expectExceptionMessage('serialize()');
        SseService::push('k', ['closure' => fn() => 1]);
    }

    /**
     * @return array<string, array{\Closure(): mixed}>
     */
    public static function whatDoesNotComeBack(): array
    {
        $doubled = fn() => collection([1, 2])->map(fn(int $number): int => 2 * $number);

        return [
            'a collection with a closure' => [$doubled],
            'a filtered collection' => [fn() => collection([1, 2])->filter(fn(int $number): bool => $number > 1)],
            'inside an array' => [fn() => ['event' => 'toast', 'rows' => $doubled()]],
            'inside an object' => [fn() => new ArrayObject(['rows' => $doubled()])],
            'a collection of what comes once' => [fn() => collection((fn() => yield 1)())],
            'an object that forgets' => [fn() => new Forgetful()],
        ];
    }

    #[DataProvider('whatDoesNotComeBack')]
    public function testWhatDoesNotComeBackIsRefusedAtPush(Closure $payload): void
    {
        try {
            SseService::push('k', $payload());
            $this->fail('It was taken.');
        } catch (InvalidArgumentException $exception) {
            $this->assertStringContainsString('can\'t be kept in the cache: ', $exception->getMessage());
            $this->assertStringContainsString('toList()', $exception->getMessage());
        }

        $this->assertSame([], $this->streamed('k'));
    }

    public function testACollectionThatComesBackIsSent(): void
    {
        $this->pushAll('k', [collection([1, 2]), ['rows' => collection([['id' => 7]])->groupBy('id')]]);

        $this->assertSame([[1, 2], ['rows' => ['7' => [['id' => 7]]]]], $this->streamed('k'));
    }

    public function testAnObjectThatNeverSaysTheSameIsKept(): void
    {
        $this->pushAll('k', [new Counting()]);

        $this->assertArrayHasKey('said', $this->streamed('k')[0]);
    }

    /**
     * @return array<string, array{string, string}>
     */
    public static function whatThisProcessCannotMake(): array
    {
        $unknown = 'O:7:"Unknown":1:{s:6:"hidden";s:6:"s3cret";}';
        $storage = str_replace('i:77;', $unknown, serialize(new ArrayObject(['a' => 77])));

        return [
            'an object' => [$unknown, 'the class Unknown, which this process doesn\'t know'],
            'inside arrays' => ["a:1:{s:1:\"a\";a:1:{i:0;$unknown}}", 'the class Unknown'],
            'inside an object' => ["O:8:\"stdClass\":1:{s:1:\"a\";$unknown}", 'the class Unknown'],
            'inside an object\'s own storage' => [$storage, 'the class Unknown'],
            'an enumeration' => ['E:12:"Unknown:Case";', 'can\'t be unserialized'],
            'damaged text' => ['a:1:{s:1:"a";', 'can\'t be unserialized'],
            'a class that takes it no more' => ['O:8:"DateTime":0:{}', 'can\'t be unserialized'],
        ];
    }

    #[DataProvider('whatThisProcessCannotMake')]
    public function testWhatThisProcessCannotMakeIsTakenForGone(string $serialized, string $why): void
    {
        $this->setupLog('error');
        $position = $this->getSsePosition('k');
        $this->pushAll('k', ['in its place']);
        $reference = Store::instance()->newest('k')['data']['reference'] ?? '';
        $name = 'sse_' . substr(hash('sha256', 'k'), 0, 32) . "_$reference";
        $this->assertNotNull(Cache::read($name));
        Cache::write($name, $serialized);

        $this->streamed('k', [], $position);

        $this->assertSame(['sse-gap'], array_column($this->getSseEvents(), 'event'));
        $this->assertStringNotContainsString('s3cret', (string)$this->_response?->getBody());
        $this->assertLogged($why);
        $this->assertLogged('SSE key "k": ');
        $found = SseService::check('k', 0);
        $this->assertNull($found['data'] ?? null);
        $this->assertTrue($found['gap'] ?? false);
    }

    public function testACacheThatDoesNotExistIsToldWithThoseThatDo(): void
    {
        Configure::write('Sse.cache_config', 'short_trem');
        foreach ([fn() => SseService::push('k', 1), fn() => $this->component()->stream('k')] as $action) {
            try {
                $action();
                $this->fail('It was taken.');
            } catch (InvalidArgumentException $exception) {
                $this->assertStringContainsString('Sse.cache_config is "short_trem"', $exception->getMessage());
                $this->assertStringContainsString('mean "short_term"? There are: default, ', $exception->getMessage());
            }
        }
    }

    #[DataProvider('privateCaches')]
    public function testAStreamOfACacheThatNoOtherProcessReadsIsRefused(Closure $configure, string $why): void
    {
        Store::replace(null);
        $configure();
        Configure::write('Sse.cache_config', 'other');

        $this->expectException(CakeException::class);
        $this->expectExceptionMessage($why);
        $this->component()->stream('k');
    }

    public function testACacheThatCannotBeReachedEndsAStreamBeforeItBeginsButNotOneThatComesBack(): void
    {
        Cache::setConfig('other', new class extends FileEngine {
            public function init(array $config = []): bool
            {
                return false;
            }
        });
        Configure::write('Sse.cache_config', 'other');
        $this->setupLog('error');
        set_error_handler(fn(): bool => true);

        try {
            $this->assertSame([], $this->streamed('k', [], $this->getSsePosition('k')));
            $this->expectException(StoreException::class);
            $this->expectExceptionMessage('its cache can\'t be reached');
            $this->component()->stream('k');
        } finally {
            restore_error_handler();
        }
    }

    public function testTheClassByItselfKeepsTheLastValue(): void
    {
        $strategy = new CachePayloadStrategy();

        $this->assertNull($strategy->fetch('by itself'));
        $this->assertTrue($strategy->store('by itself', ['n' => 1]));
        $this->assertTrue($strategy->store('by itself', ['n' => 2]));
        $this->assertSame(['n' => 2], $strategy->fetch('by itself'));
    }
}

// phpcs:disable PSR1.Classes.ClassDeclaration.MultipleClasses, Squiz.Classes.ClassFileName.NoMatch

/**
 * Leaves out what it has when it is serialized.
 */
class Forgetful
{
    public int $number = 7;

    /**
     * @return list<string>
     */
    public function __sleep(): array
    {
        $this->number = 0;

        return [];
    }

    public function __wakeup(): void
    {
        $this->number = -1;
    }
}

/**
 * Says another number each time.
 */
class Counting implements JsonSerializable
{
    private static int $said = 0;

    public function jsonSerialize(): mixed
    {
        return ['said' => ++self::$said];
    }
}
