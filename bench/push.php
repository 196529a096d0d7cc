<?php
/**
 * What one Sse\push() costs, in a process that keeps running.
 *
 * usage: php -d extension=… -d sse.dir=… push.php
 */
declare(strict_types=1);

const PUSHES = 20_000;
const WARM_UP = 1_000;

// 100 bytes of JSON.
$data = ['message' => str_repeat('x', 100 - strlen('{"message":""}'))];
$took = [];
for ($i = 0; $i < WARM_UP + PUSHES; $i++) {
    $began = hrtime(true);
    Sse\push('bench', $data);
    if ($i >= WARM_UP) {
        $took[] = hrtime(true) - $began;
    }
}
sort($took);
$at = fn(float $share): float => $took[(int)(($took === [] ? 0 : count($took) - 1) * $share)] / 1e3;
printf("push, 100 bytes             p50 %6.1f µs   p99 %6.1f µs   worst %8.1f µs   (%d pushes)\n", $at(.5), $at(.99), $at(1.), PUSHES);
