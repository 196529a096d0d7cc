--TEST--
Sse\stream(): any callable will do, also a private method where it is visible
--FILE--
<?php
require __DIR__ . '/sse.inc';
final class Application
{
    public function run(): void
    {
        foreach ([[$this, 'hidden'], $this->hidden(...), [self::class, 'fixed'], 'Application::fixed', $this, 'strtoupper'] as $callable) {
            Sse\stream('k', ['connected' => false, 'beforeSend' => $callable, 'follow' => false]);
        }
    }

    private function hidden(string $payload): string
    {
        return "hidden $payload";
    }

    public static function fixed(string $payload): string
    {
        return "fixed $payload";
    }

    public function __invoke(string $payload): string
    {
        return "invoked $payload";
    }
}
store();
Sse\push('k', 'x');
ob_start();
(new Application())->run();
preg_match_all('/^data: (.*)$/m', ob_get_clean(), $data);
echo implode(', ', $data[1]), "\n";
// One that can't be called with a payload has thrown.
stream('k', ['connected' => false, 'beforeSend' => 'time']);
logged();
--EXPECT--
"hidden x", "hidden x", "fixed x", "fixed x", "invoked x", "X"
retry=default : connected
CaughtUp
log: sse: beforeSend, key "k", event id1 threw ArgumentCountError: time() expects exactly 0 arguments, 1 given in {tests}/sse.inc:N; the stream goes on
