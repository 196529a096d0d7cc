<?php
declare(strict_types=1);

namespace Sse\Test\TestCase;

use App\Application;
use Cake\Core\Configure;
use Cake\Core\Container;
use Cake\Core\Plugin;
use Cake\Core\PluginInterface;
use Cake\Routing\Asset;
use Cake\TestSuite\TestCase;
use Sse\Service\EventServiceInterface;
use Sse\Service\Settings;
use Sse\Service\SseService;
use Sse\SsePlugin;

class PluginTest extends TestCase
{
    public function testAnApplicationLoadsItByItsName(): void
    {
        $application = new Application(CONFIG);
        $application->bootstrap();

        $this->assertTrue(Plugin::isLoaded('Sse'));
        $this->assertInstanceOf(SsePlugin::class, $application->getPlugins()->get('Sse'));
    }

    public function testHooksThatItDoesNotUseAreOff(): void
    {
        $used = ['bootstrap', 'console', 'middleware', 'routes', 'services'];
        foreach (PluginInterface::VALID_HOOKS as $hook) {
            $this->assertSame(in_array($hook, $used, true), (new SsePlugin())->isEnabled($hook), $hook);
        }
    }

    public function testItsSettingsAreThereAndTheApplicationsOwnWin(): void
    {
        $ofOne = [$this, 'of one'];
        Configure::write('Sse', ['cache_config' => 'sse', 'beforeSend' => $ofOne, 'own' => 1]);

        (new SsePlugin())->bootstrap(new Application(CONFIG));

        $settings = Configure::read('Sse');
        $this->assertSame(['sse', $ofOne, 1], [$settings['cache_config'], $settings['beforeSend'], $settings['own']]);
        $this->assertSame('Sse.Payloads', $settings['payloads_model']);
        $this->assertNull($settings['payload_engine']);
        Configure::delete('Sse');
    }

    public function testEachSettingIsExplained(): void
    {
        $file = (string)file_get_contents(dirname(__DIR__, 2) . '/config/sse.php');
        foreach (array_keys(Settings::defaults()) as $name) {
            $this->assertMatchesRegularExpression("~//.*\n +'$name' => ~", $file);
        }
    }

    public function testItBringsTheClientForBrowsers(): void
    {
        (new Application(CONFIG))->bootstrap();

        $this->assertSame('/sse/js/sse.js', Asset::scriptUrl('Sse.sse', ['pathPrefix' => 'js/']));
        $this->assertFileExists(Plugin::path('Sse') . 'webroot/js/sse.js');
    }

    public function testTheContainerHasTheServiceUnlessTheApplicationHasItsOwn(): void
    {
        $container = new Container();
        (new SsePlugin())->services($container);
        $this->assertSame(SseService::service(), $container->get(EventServiceInterface::class));

        $own = $this->createStub(EventServiceInterface::class);
        $container = new Container();
        $container->add(EventServiceInterface::class, fn(): EventServiceInterface => $own);
        (new SsePlugin())->services($container);
        $this->assertSame($own, $container->get(EventServiceInterface::class));
    }

    public function testThePackageSaysWhatItIs(): void
    {
        $package = json_decode((string)file_get_contents(dirname(__DIR__, 2) . '/composer.json'), true);

        $this->assertSame('cakephp-plugin', $package['type']);
        $this->assertSame('^5.1', $package['require']['cakephp/cakephp']);
        $this->assertSame('>=8.1', $package['require']['php']);
        $this->assertArrayHasKey('php-sse/polyfill', $package['require']);
        $this->assertSame(['arodu/cakephp-sse' => '*'], $package['conflict']);
        $this->assertSame(['Sse\\' => 'src/'], $package['autoload']['psr-4']);
    }
}
