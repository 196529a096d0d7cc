<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Service;

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
use PHPUnit\Framework\Attributes\DataProvider;
use Sse\Service\Payload\CachePayloadStrategy;
use Sse\Service\SseService;
use Sse\Service\Store;
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

    public function testTheClassByItselfKeepsTheLastValue(): void
    {
        $strategy = new CachePayloadStrategy();

        $this->assertNull($strategy->fetch('by itself'));
        $this->assertTrue($strategy->store('by itself', ['n' => 1]));
        $this->assertTrue($strategy->store('by itself', ['n' => 2]));
        $this->assertSame(['n' => 2], $strategy->fetch('by itself'));
    }
}
