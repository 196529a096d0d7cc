<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\View\Helper;

use Cake\Core\Configure;
use Cake\Http\ServerRequest;
use Cake\Log\Log;
use Cake\Routing\Route\DashedRoute;
use Cake\Routing\Router;
use Cake\TestSuite\TestCase;
use Cake\View\View;
use InvalidArgumentException;
use Sse\Service\SseService;
use Sse\Service\Store;
use Sse\SsePlugin;
use Sse\TestSuite\SseTestTrait;
use Sse\View\Helper\SseHelper;

class SseHelperTest extends TestCase
{
    use SseTestTrait;

    public function setUp(): void
    {
        parent::setUp();
        $this->loadPlugins([SsePlugin::class]);
        Router::createRouteBuilder('/')->connect('/live/{action}', ['controller' => 'Live'], [
            'routeClass' => DashedRoute::class,
        ]);
    }

    public function tearDown(): void
    {
        Log::drop('helper');
        $this->removePlugins(['Sse']);
        Router::reload();
        parent::tearDown();
    }

    private function helper(?ServerRequest $request = null): SseHelper
    {
        return new SseHelper(new View($request));
    }

    public function testTheAddressHasTheCursorOfNow(): void
    {
        SseService::push('k', 1);

        $url = $this->helper()->url('/live/reports', 'k');

        $this->assertSame('/live/reports?lastEventId=' . SseService::cursor('k'), $url);
        SseService::push('k', 2);
        $this->assertNotSame($url, $this->helper()->url('/live/reports', 'k'));
    }

    public function testTheAddressIsARouteAndKeepsItsQuery(): void
    {
        $route = ['controller' => 'Live', 'action' => 'all', '?' => ['a' => 1, 'b' => 2]];
        $url = $this->helper()->url($route, ['k', 'l']);

        $this->assertSame('/live/all?a=1&b=2&lastEventId=' . SseService::cursor(['k', 'l']), $url);
    }

    public function testTheTagLoadsTheClientAndConnectsIt(): void
    {
        $this->assertHtml([
            'script' => [
                'src' => '/sse/js/sse.js',
                'data-connect' => '/live/reports?a=1&amp;b=2',
                'data-cursor' => SseService::cursor('k'),
                'defer' => 'defer',
            ],
            '/script',
        ], (string)$this->helper()->connect('/live/reports?a=1&b=2', 'k'));
    }

    public function testTheTagHasTheOptionsOfTheClientThatAreOn(): void
    {
        $tag = (string)$this->helper()->connect('/live/reports', null, [
            'resume' => true, 'user' => 7, 'credentials' => false, 'silence' => 0, 'id' => 'stream',
        ]);

        $this->assertHtml([
            'script' => [
                'src' => '/sse/js/sse.js',
                'id' => 'stream',
                'data-connect' => '/live/reports',
                'data-resume' => '1',
                'data-user' => '7',
                'data-silence' => '0',
                'defer' => 'defer',
            ],
            '/script',
        ], $tag);
    }

    public function testTheTagHasTheNonceOfTheContentSecurityPolicy(): void
    {
        $request = (new ServerRequest())->withAttribute('cspScriptNonce', 'abc123');

        $this->assertStringContainsString('nonce="abc123"', (string)$this->helper($request)->connect('/live', 'k'));
    }

    public function testSeveralStreamsHaveATagEach(): void
    {
        $helper = $this->helper();

        $this->assertStringContainsString('data-connect="/one"', (string)$helper->connect('/one', 'k'));
        $this->assertStringContainsString('data-connect="/two"', (string)$helper->connect('/two', 'k'));
    }

    public function testTheTagGoesIntoABlock(): void
    {
        $view = new View();

        $this->assertNull((new SseHelper($view))->connect('/live', 'k', ['block' => true]));
        $this->assertStringContainsString('data-connect="/live"', $view->fetch('script'));
    }

    public function testAPageIsShownWhileTheStoreFails(): void
    {
        Log::setConfig('helper', ['className' => 'Array']);
        Store::replace(new Store('file:///nowhere/at/all'));

        $this->assertSame('/live', $this->helper()->url('/live', 'k'));
        $this->assertStringNotContainsString('data-cursor', (string)$this->helper()->connect('/live', 'k'));
        /** @var \Cake\Log\Engine\ArrayLog $log */
        $log = Log::engine('helper');
        $this->assertStringContainsString('/nowhere/at/all', $log->read()[0]);
    }

    public function testAKeyThatCanNotBeUsedIsAnException(): void
    {
        $this->expectException(InvalidArgumentException::class);

        $this->helper()->url('/live', '');
    }

    public function testAWrongConfigurationIsAnException(): void
    {
        Configure::write('Sse.payload_engine', 'nosuch');
        try {
            $this->expectExceptionMessage('nosuch');
            $this->helper()->url('/live', 'k');
        } finally {
            Configure::delete('Sse');
        }
    }
}
