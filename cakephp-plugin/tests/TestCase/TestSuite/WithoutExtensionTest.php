<?php
declare(strict_types=1);

namespace Sse\Test\TestCase\TestSuite;

use PHPUnit\Framework\TestCase;

/**
 * The trait where PHP has neither the extension nor its twin, as in many an application's CI job.
 */
class WithoutExtensionTest extends TestCase
{
    private string $directory = '';

    public function setUp(): void
    {
        $this->directory = sys_get_temp_dir() . '/sse-without-' . bin2hex(random_bytes(4));
        mkdir($this->directory);
        foreach (explode(',', (string)php_ini_scanned_files()) as $file) {
            $file = trim($file);
            if ($file !== '' && preg_match('/^\s*extension\s*=.*sse/m', (string)file_get_contents($file)) !== 1) {
                copy($file, $this->directory . '/' . basename($file));
            }
        }
    }

    public function tearDown(): void
    {
        array_map(unlink(...), glob("$this->directory/*") ?: []);
        rmdir($this->directory);
    }

    public function testAllThatTheTraitDoesHolds(): void
    {
        $phpunit = dirname(__DIR__, 3) . '/vendor/bin/phpunit';
        $environment = ['PHP_INI_SCAN_DIR' => $this->directory, 'SSE_FAKE' => '1'] + getenv();
        unset($environment['SSE_EXTENSION']);
        $process = proc_open(
            [PHP_BINARY, $phpunit, '--do-not-cache-result', '--no-progress', __DIR__ . '/SseTestTraitTest.php'],
            [1 => ['pipe', 'w']],
            $pipes,
            dirname(__DIR__, 3),
            $environment,
        );
        $this->assertIsResource($process);
        $said = (string)stream_get_contents($pipes[1]);

        $this->assertSame(0, proc_close($process), $said);
        $this->assertMatchesRegularExpression('/OK \(\d{2} tests/', $said);
    }
}
