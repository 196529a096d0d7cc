<?php
declare(strict_types=1);

namespace Sse\Support;

/**
 * The clients behind the page's button: processes with 1,000 streams each, as many as the page asked for.
 *
 * The page can't start any, so load.php writes down how many there should be, and the demo's launcher follows.
 */
final class Crowds
{
    private readonly string $dir;
    /** @var list<Child> */
    private array $crowds = [];
    private bool $haveClosures = false;

    public function __construct(private readonly Stack $stack)
    {
        $this->dir = "$stack->dir/crowd";
        mkdir($this->dir);
        if (posix_geteuid() === 0) {
            chown($this->dir, Configuration::WEB_USER);
        }
    }

    public function follow(): void
    {
        $wanted = json_decode((string)@file_get_contents("$this->dir/wanted"), true) ?? [];
        $wanted += ['crowds' => 0, 'closures' => false];
        if ($wanted['closures'] !== $this->haveClosures) {
            $this->stop();
            $this->haveClosures = $wanted['closures'];
        }
        while (count($this->crowds) > $wanted['crowds']) {
            array_pop($this->crowds)->stop();
        }
        while (count($this->crowds) < $wanted['crowds']) {
            $url = "{$this->stack->url}/events.php" . ($this->haveClosures ? '?closures=1' : '');
            $command = [PHP_BINARY, '-n', __DIR__ . '/crowd.php', $url];
            $this->crowds[] = new Child($command, "{$this->stack->dir}/crowd.log");
        }
    }

    public function stop(): void
    {
        foreach ($this->crowds as $crowd) {
            $crowd->stop();
        }
        $this->crowds = [];
    }
}
