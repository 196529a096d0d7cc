--TEST--
docs/settings.md has every setting, with its default and its range
--FILE--
<?php
require __DIR__ . '/sse.inc';
$page = file_get_contents(__DIR__ . '/../../docs/settings.md');
preg_match_all('/^## (sse\.\w+)\n\n(.*?)(?=^## |\z)/ms', $page, $sections, PREG_SET_ORDER);
$documented = array_column($sections, 2, 1);
$settings = array_map(fn (array $setting): string => $setting['global_value'], ini_get_all('sse'));
echo count($documented), ' of ', count($settings), "\n";
foreach ($settings + $documented as $name => $_) {
    if (!isset($settings[$name], $documented[$name])) {
        echo $name, isset($settings[$name]) ? ": not on the page\n" : ": not a setting\n";
        continue;
    }
    preg_match('/^Default(?:: (empty)| `([^`]+)`| (\w+))/', $documented[$name], $default, PREG_UNMATCHED_AS_NULL);
    $default = match (true) {
        $default === [] => 'none',
        $default[1] !== null => '',
        default => $default[2] ?? $default[3],
    };
    $default === $settings[$name] || print("$name: the page says $default, it is $settings[$name]\n");
    if (preg_match('/from (\d+[KMG]?) to (\d+[KMG]?)/', $documented[$name], $range)) {
        foreach ([$range[1] => true, $range[2] => true, (int)$range[1] - 1 . substr($range[1], strlen((int)$range[1])) => false, (int)$range[2] + 1 . substr($range[2], strlen((int)$range[2])) => false] as $value => $fits) {
            try {
                Sse\configure([$name => $value]);
                $fits || print("$name takes $value, which is outside of its range\n");
            } catch (Sse\InvalidArgumentException $error) {
                $fits && print($error->getMessage() . "\n");
            }
        }
    }
}
--EXPECT--
19 of 19
