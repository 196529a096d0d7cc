<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\Service;

use Cake\Core\Configure;
use Cake\TestSuite\LogTestTrait;
use Cake\TestSuite\TestCase;
use Sse\Service\SseService;
use Sse\Service\Store;
use Sse\Test\Support\StreamsTrait;
use function Sse\configure;
use function Sse\read;

/**
 * The store that applications get: TMP/sse.
 */
class StoreTest extends TestCase
{
    use LogTestTrait;
    use StreamsTrait;

    private const DIRECTORY = TMP . 'sse';

    public function setUp(): void
    {
        parent::setUp();
        Store::replace(null);
    }

    public function tearDown(): void
    {
        if (is_dir(self::DIRECTORY)) {
            array_map(unlink(...), glob(self::DIRECTORY . '/*') ?: []);
            rmdir(self::DIRECTORY);
        } elseif (is_file(self::DIRECTORY)) {
            unlink(self::DIRECTORY);
        }
        clearstatcache();
        parent::tearDown();
    }

    public function testTheDirectoryIsMadeForTheGroupAndForNobodyElse(): void
    {
        $umask = umask(0);
        $this->assertTrue(SseService::push('k', 1));
        umask($umask);

        $this->assertSame('2770', decoct(fileperms(self::DIRECTORY) & 07777));
        if (posix_geteuid() !== 0) {
            $this->assertSame(filegroup(TMP), filegroup(self::DIRECTORY));
        }
        foreach (glob(self::DIRECTORY . '/*') ?: [] as $file) {
            $this->assertSame('0660', sprintf('%04o', fileperms($file) & 07777), $file);
        }
    }

    public function testRootMakesTheDirectoryForAnotherGroupThanRoots(): void
    {
        $owner = posix_getpwnam('nobody');
        if (posix_geteuid() !== 0 || $owner === false) {
            $this->markTestSkipped('Only root can do what root does.');
        }
        $web = posix_getpwnam('www-data')['gid'] ?? 0;
        // TMP's owner and group, and the group that the directory is to have.
        $cases = [[0, 0, $web], [$owner['uid'], 0, $owner['gid']], [0, $owner['gid'], $owner['gid']]];
        foreach ($cases as [$user, $group, $expected]) {
            chown(TMP, $user);
            chgrp(TMP, $group);
            clearstatcache();

            $this->assertTrue(SseService::push('k', 1));

            $this->assertSame($expected, filegroup(self::DIRECTORY));
            $this->assertSame('2770', decoct(fileperms(self::DIRECTORY) & 07777));
            array_map(unlink(...), glob(self::DIRECTORY . '/*') ?: []);
            rmdir(self::DIRECTORY);
        }
        chown(TMP, 0);
        chgrp(TMP, 0);
    }

    public function testADirectoryThatIsThereStaysAsItIs(): void
    {
        mkdir(self::DIRECTORY);
        chmod(self::DIRECTORY, 0700);

        $this->assertTrue(SseService::push('k', 1));

        $this->assertSame('700', decoct(fileperms(self::DIRECTORY) & 07777));
    }

    public function testADirectoryThatCannotBeUsedAnswersFalseAndIsLogged(): void
    {
        $this->setupLog('error');
        touch(self::DIRECTORY);

        $this->assertFalse(SseService::push('k', 1));

        $this->assertLogged('a push to the key "k" was not kept: ');
        $this->assertLogged('cannot make the directory ' . self::DIRECTORY);
        $this->assertLogged('chmod 2770');
    }

    public function testAnotherPlaceCanBeConfigured(): void
    {
        $directory = TMP . 'elsewhere';
        mkdir($directory);
        Configure::write('Sse.dsn', "file://$directory");

        $this->assertTrue(SseService::push('k', 1));

        $this->assertCount(1, read('k', null, 10, ['dsn' => "file://$directory"]));
        $this->assertDirectoryDoesNotExist(self::DIRECTORY);
    }

    public function testManyEventsAreReadToTheEnd(): void
    {
        Store::replace($this->sseStore);
        configure(['retention_events' => 3000]);
        for ($number = 1; $number <= 2500; $number++) {
            SseService::push('many', $number);
        }

        $data = fn(int $limit): array => array_column(SseService::read('many', null, $limit), 'data');
        $this->assertSame(range(1, 2500), $data(100_000));
        $this->assertSame(range(1, 7), $data(7));
        $this->assertSame(range(2494, 2500), $data(-7));
        $this->assertSame(2500, $this->sseStore->newest('many')['data']);
        configure(['retention_events' => 1000]);
    }

    public function testWithoutTheExtensionAndPlainPhpOneExceptionSaysWhatToInstall(): void
    {
        // Classes alone, as where somebody has uploaded the plugin and not what it requires.
        $code = <<<'PHP'
            require "$argv[1]/composer/ClassLoader.php";
            $loader = new Composer\Autoload\ClassLoader();
            foreach (require "$argv[1]/composer/autoload_psr4.php" as $prefix => $paths) {
                $loader->setPsr4($prefix, $paths);
            }
            $loader->register();
            new Sse\Service\Store();
            PHP;
        // -n: without php.ini, so without the extension.
        $command = [PHP_BINARY, '-n', '-r', $code, '--', dirname(__DIR__, 3) . '/vendor'];
        $process = proc_open($command, [1 => ['pipe', 'w'], 2 => ['pipe', 'w']], $pipes);
        $this->assertIsResource($process);
        $output = stream_get_contents($pipes[1]) . stream_get_contents($pipes[2]);
        proc_close($process);

        $this->assertStringContainsString('CakeException: Neither the PHP extension "sse" is loaded', $output);
        $this->assertStringContainsString('make install', $output);
        $this->assertStringContainsString('extension=sse', $output);
        $this->assertStringContainsString('php-sse/polyfill', $output);
    }
}
