<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Controller;

use Cake\Controller\ComponentRegistry;
use Cake\Controller\Controller;
use Cake\Core\Configure;
use Cake\Http\CallbackStream;
use Cake\Http\ServerRequest;
use Cake\TestSuite\LogTestTrait;
use Cake\TestSuite\TestCase;
use InvalidArgumentException;
use LogicException;
use PHPUnit\Framework\Attributes\DataProvider;
use ReflectionMethod;
use Sse\Controller\AppController;
use Sse\Controller\Component\SseComponent;
use Sse\Service\SseService;
use Sse\Service\Store;
use Sse\StoreException;
use Sse\Test\Support\ArrayPayloads;
use Sse\Test\Support\StreamsTrait;

class SseComponentTest extends TestCase
{
    use LogTestTrait;
    use StreamsTrait;

    public function testTheDefaultsAreThoseOfTheOriginal(): void
    {
        $this->assertSame(
            ['poll' => 2, 'eventName' => 'message', 'heartbeat' => 25, 'beforeSend' => null, 'onLoop' => null],
            $this->component()->getConfig(),
        );
    }

    public function testTheMethodsKeepTheirSignatures(): void
    {
        foreach (['stream' => true, '_buildStream' => false] as $name => $isPublic) {
            $method = new ReflectionMethod(SseComponent::class, $name);
            $this->assertSame($isPublic, $method->isPublic());
            $this->assertSame('watchCacheKey', $method->getParameters()[0]->getName());
            $this->assertSame('options', $method->getParameters()[1]->getName());
            $this->assertSame([], $method->getParameters()[1]->getDefaultValue());
        }
    }

    public function testTheBodyIsWhatBuildStreamMakes(): void
    {
        $component = new class (new ComponentRegistry(new Controller(new ServerRequest()))) extends SseComponent {
            /**
             * @param array<string, mixed> $options
             */
            protected function _buildStream(string $watchCacheKey, array $options = []): CallbackStream
            {
                return new CallbackStream(fn(): string => "$watchCacheKey, poll {$options['poll']}");
            }
        };

        $this->assertSame('k, poll 3', (string)$component->stream('k', ['poll' => 3])->getBody());
    }

    public function testThePluginsAppControllerIsTheApplications(): void
    {
        $this->assertInstanceOf('App\Controller\AppController', new AppController(new ServerRequest()));
    }

    public function testTheResponseIsAnEventStreamThatNobodyKeeps(): void
    {
        $response = $this->component()->stream('headers');

        $this->assertSame(200, $response->getStatusCode());
        $this->assertSame('text/event-stream', $response->getHeaderLine('Content-Type'));
        $this->assertSame('no-cache', $response->getHeaderLine('Cache-Control'));
        $this->assertSame('no', $response->getHeaderLine('X-Accel-Buffering'));
    }

    public function testAStatusThatTheApplicationSetBeforeIsNotTheStreams(): void
    {
        $component = $this->component();
        $controller = $component->getController();
        $controller->setResponse($controller->getResponse()->withStatus(204));

        $this->assertSame(200, $component->stream('status')->getStatusCode());
    }

    public function testAHeaderThatTheApplicationSetStays(): void
    {
        $component = $this->component();
        $controller = $component->getController();
        $controller->setResponse($controller->getResponse()->withHeader('Access-Control-Allow-Origin', '*'));

        $this->assertSame('*', $component->stream('headers')->getHeaderLine('Access-Control-Allow-Origin'));
    }

    public function testTheStreamOpensWithConnectedAndTheTimeOfTheApplicationsZone(): void
    {
        $body = (string)$this->component()->stream('opens')->getBody();

        $this->assertMatchesRegularExpression(
            '/^retry: \d+\nid: \S+\nevent: connected\ndata: {"time": "\d\d:\d\d:\d\d"}\n\n$/',
            $body,
        );
        $sent = strtotime(json_decode((string)preg_replace('/.*data: /s', '', $body))->time);
        // Both in the zone of the application, which is hours from UTC; midnight may have passed.
        $this->assertEqualsWithDelta(0, (time() - $sent) % 86400, 600);
    }

    public function testOptionsWinOverLoadComponentWhichWinsOverTheConfiguration(): void
    {
        Configure::write('Sse', ['eventName' => 'configured', 'heartbeat' => 5, 'poll' => 7]);
        SseService::push('named', 'x');
        $name = function (array $config, array $options): string {
            $this->_response = $this->component($config)->stream('named', $options);

            return $this->getSseEvents()[0]['event'];
        };

        $this->assertSame('configured', $name([], []));
        $this->assertSame('loaded', $name(['eventName' => 'loaded'], []));
        $this->assertSame('asked', $name(['eventName' => 'loaded'], ['eventName' => 'asked']));
        $this->assertSame(5, $this->component(['poll' => 1])->getConfig('heartbeat'));
        $this->assertSame(1, $this->component(['poll' => 1])->getConfig('poll'));
    }

    public function testCallablesWrittenAsArraysStayWhole(): void
    {
        Configure::write('Sse.beforeSend', [$this, 'fromConfiguration']);
        SseService::push('callables', ['n' => 1]);
        $sent = function (array $config, array $options): mixed {
            $this->_response = $this->component($config)->stream('callables', $options);

            return $this->getSseEvents()[0]['data'];
        };

        $this->assertSame('configuration', $sent([], []));
        $this->assertSame('loaded', $sent(['beforeSend' => [$this, 'fromLoadComponent']], []));
        $this->assertSame('asked', $sent(
            ['beforeSend' => [$this, 'fromLoadComponent']],
            ['beforeSend' => [self::class, 'fromOptions']],
        ));
        $this->assertSame(['n' => 1], $sent(
            ['beforeSend' => [$this, 'fromLoadComponent']],
            ['beforeSend' => null],
        ));
    }

    public function fromConfiguration(): string
    {
        return 'configuration';
    }

    public function fromLoadComponent(): string
    {
        return 'loaded';
    }

    public static function fromOptions(): string
    {
        return 'asked';
    }

    public function testSettingsOfTheApplicationsOwnStandBesideTheOptions(): void
    {
        Configure::write('Sse', ['cache_config' => 'sse', 'my_url' => 'https://example.org', 'replay' => 'none']);
        SseService::push('beside', 1);

        $this->_response = $this->component(['className' => 'Sse.Sse'])->stream('beside');

        $this->assertSseNotSent();
    }

    public static function wrongOptions(): array
    {
        return [
            'a negative poll' => [['poll' => -1], 'option "poll" is "-1"; it takes seconds from 0.05'],
            'no heartbeat' => [['heartbeat' => 0], 'option "heartbeat" is "0"'],
            'a misspelt option' => [['heartbeet' => 5], 'did you mean "heartbeat"?'],
            'a name with a line break' => [['eventName' => "a\nb"], 'line break'],
            'nothing callable' => [['beforeSend' => 'no such function'], 'it takes a callable'],
            'no method' => [['onLoop' => [self::class, 'gone']], 'it takes a callable'],
            'a wrong replay' => [['replay' => 'some'], '"last", "none", "all"'],
        ];
    }

    /**
     * @param array<string, mixed> $options The options.
     */
    #[DataProvider('wrongOptions')]
    public function testAWrongOptionIsAnExceptionInTheActionWithEachEngine(array $options, string $message): void
    {
        foreach (['native', 'cache', ArrayPayloads::class] as $engine) {
            Configure::write('Sse.payload_engine', $engine);
            SseService::reset();
            try {
                $this->component()->stream('k', $options);
                $this->fail("it was taken with $engine");
            } catch (InvalidArgumentException $exception) {
                $this->assertStringContainsString($message, $exception->getMessage());
            }
        }
    }

    public function testAMisspeltSettingOfLoadComponentIsAnExceptionInTheAction(): void
    {
        $component = $this->component(['heartbeet' => 5]);

        $this->expectException(InvalidArgumentException::class);
        $this->expectExceptionMessage('there is no setting "heartbeet"; did you mean "heartbeat"?');
        $component->stream('k');
    }

    public function testAClassThatExtendsItMayHaveSettingsOfItsOwn(): void
    {
        $registry = new ComponentRegistry(new Controller(new ServerRequest()));
        $component = new class ($registry, ['polls' => 3]) extends SseComponent {
            protected array $_defaultConfig = ['polls' => 2, 'beforeSend' => null, 'onLoop' => null];
        };

        $this->assertSame(200, $component->stream('k')->getStatusCode());
    }

    public function testAnotherStoreThatCannotBeHadIsAnExceptionInTheAction(): void
    {
        $this->expectException(StoreException::class);
        $this->expectExceptionMessage('/no/such/directory');
        $this->component()->stream('k', ['dsn' => 'file:///no/such/directory']);
    }

    public function testAMissingStoreIsAnExceptionInTheAction(): void
    {
        Store::replace(null);
        Configure::write('Sse.dsn', 'file:///no/such/directory');

        $this->expectException(StoreException::class);
        $this->expectExceptionMessage('/no/such/directory');
        $this->component()->stream('k');
    }

    public function testAnEmptyKeyIsAnExceptionInTheAction(): void
    {
        $this->expectException(InvalidArgumentException::class);
        $this->component()->stream('');
    }

    public function testWrongKeysAreAnExceptionInTheAction(): void
    {
        foreach ([[], ['k', '']] as $keys) {
            try {
                $this->component()->stream($keys);
                $this->fail('It was taken.');
            } catch (InvalidArgumentException $exception) {
                $this->assertStringContainsString('key', $exception->getMessage());
            }
        }
    }

    public function testAnExceptionInAClosureOfSeveralKeysIsLoggedWithEach(): void
    {
        $this->setupLog('error');
        $this->component()->stream(['a', 'b'], [
            'onLoop' => fn() => throw new LogicException('in the loop'),
        ])->getBody()->getContents();

        $this->assertLogged('SSE stream of the keys "a", "b": onLoop threw, the stream goes on: LogicException');
    }

    public function testAFractionalPollIsTaken(): void
    {
        $calls = 0;
        $this->streamed('fraction', ['poll' => 0.4, 'onLoop' => function () use (&$calls): void {
            $calls++;
        }]);

        $this->assertSame(1, $calls);
    }

    public function testAClientThatComesBackGetsWhatItMissedOnce(): void
    {
        $this->pushAll('resumed', [1]);
        $this->streamed('resumed');
        $last = $this->getSseEvents()[0]['id'];
        $this->pushAll('resumed', [2, 3, 4]);

        $this->assertSame([2, 3, 4], $this->streamed('resumed', [], $last));
    }

    public function testThePositionComesFromTheHeaderElseFromTheAddress(): void
    {
        $this->pushAll('position', [1]);
        $position = $this->getSsePosition('position');
        $this->pushAll('position', [2, 3]);
        $data = function (array $request): array {
            $this->_response = $this->component([], $request)->stream('position');

            return array_column($this->getSseEvents(), 'data');
        };

        $this->assertSame([3], $data([]));
        $this->assertSame([2, 3], $data(['environment' => ['HTTP_LAST_EVENT_ID' => $position]]));
        $this->assertSame([2, 3], $data(['query' => ['lastEventId' => $position]]));
        $this->assertSame([3], $data(['query' => ['lastEventId' => [$position]]]));
    }

    public function testAnExceptionInAClosureIsLoggedAndNotSent(): void
    {
        $this->setupLog('error');
        $this->pushAll('throws', [1, 2]);

        $sent = $this->streamed('throws', [
            'beforeSend' => fn(int $payload): int => $payload === 1 ? throw new LogicException('on purpose') : $payload,
            'onLoop' => fn() => throw new LogicException('in the loop'),
        ]);

        $this->assertSame([2], $sent);
        $this->assertLogged('SSE stream of the key "throws": beforeSend threw, the stream goes on');
        $this->assertLogged('LogicException: on purpose');
        $this->assertLogged('LogicException: in the loop');
    }

    public function testAStreamThatCannotBeginIsLoggedAndSendsNothing(): void
    {
        $this->setupLog('error');
        Store::replace(new class extends Store {
            public function stream(array $keys, array $options): string
            {
                throw new StoreException('the disk went away');
            }

            public function check(array $keys, array $options): void
            {
            }
        });

        $this->assertSame('', (string)$this->component()->stream('k')->getBody());
        $this->assertLogged('the disk went away');
    }

    public function testTheBodyRunsOnce(): void
    {
        $calls = 0;
        $body = $this->component()->stream('once', ['onLoop' => function () use (&$calls): void {
            $calls++;
        }])->getBody();

        $this->assertSame((string)$body, (string)$body);
        $this->assertSame(1, $calls);
    }
}
