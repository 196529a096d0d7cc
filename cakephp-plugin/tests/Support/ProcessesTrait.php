<?php
declare(strict_types=1);

namespace Sse\Test\Support;

use LogicException;
use Sse\Test\Support\Server\Server;

/**
 * The test application in processes of their own, with a TMP that they share.
 */
trait ProcessesTrait
{
    /**
     * What was skipped, so that it is said once.
     *
     * @var array<string, true>
     */
    private static array $skipped = [];

    private string $tmp;

    private ?Server $server = null;

    /**
     * @var array<string, string>
     */
    private array $environment = [];

    /**
     * Settings of PHP for all processes.
     *
     * @var array<string, string>
     */
    private array $settings = [];

    protected function tearDown(): void
    {
        if (isset($this->tmp)) {
            exec('rm -rf ' . escapeshellarg($this->tmp));
        }
        parent::tearDown();
    }

    /**
     * Chooses the engine; its server runs then, and its table is there and empty.
     */
    private function choose(EngineUnderTest $engine): void
    {
        $missing = $engine->missing();
        if ($missing !== null) {
            if (!isset(self::$skipped[$missing])) {
                fwrite(STDERR, "\nTESTS OF THE CAKEPHP PLUGIN SKIPPED: $missing\n");
                self::$skipped[$missing] = true;
            }
            $this->markTestSkipped($missing);
        }
        $this->server = $engine->server === null ? null : $engine->server::shared();
        $this->tmp = sys_get_temp_dir() . '/sse-app-' . bin2hex(random_bytes(4));
        mkdir($this->tmp);
        $this->environment = [
            'SSE_TMP' => $this->tmp,
            'SSE_TEST_CONFIG' => (string)json_encode((object)$engine->sse),
            'SSE_TEST_APP' => (string)json_encode((object)$engine->application($this->server)),
        ];
        if ($engine->isDatabase()) {
            $this->worker()->ask('table');
        }
    }

    private function server(): Server
    {
        return $this->server ?? throw new LogicException('This engine has no server.');
    }

    private function worker(): Worker
    {
        return Worker::start($this->environment, $this->settings);
    }

    /**
     * @param array<string, mixed> $options Options of the stream. Without others it looks at nothing but its signal.
     */
    private function reader(string $key, array $options = []): Reader
    {
        return Reader::start($key, $options + ['poll' => 3600], $this->environment, $this->settings);
    }

    private function log(): string
    {
        $log = "$this->tmp/logs/app.log";

        return is_file($log) ? (string)file_get_contents($log) : '';
    }
}
