--TEST--
no backtrace has the password of a dsn
--EXTENSIONS--
sse
--SKIPIF--
<?php
if (PHP_VERSION_ID < 80200) {
    die('skip PHP 8.1 shows every argument');
}
?>
--INI--
zend.exception_ignore_args=0
--FILE--
<?php
$options = ['dsn' => 'redis://user:s3cret@127.0.0.1:1?timeout=0.1'];
$calls = [
    'push' => fn() => Sse\push('key', 1, null, $options),
    'stream' => fn() => Sse\stream('key', $options),
    'check' => fn() => Sse\check('key', $options),
    'read' => fn() => Sse\read('key', null, 1, $options),
    'cursor' => fn() => Sse\cursor('key', $options),
    'status' => fn() => Sse\status($options + ['x' => 1]),
    'configure' => fn() => Sse\configure($options + ['x' => 1]),
];
foreach ($calls as $name => $call) {
    try {
        $call();
    } catch (Sse\Exception $exception) {
        $frame = $exception->getTrace()[0];
        echo $name, ': ', get_class(end($frame['args'])), "\n";
        echo str_contains(print_r($frame, true) . $exception, 's3cret') ? "shown\n" : '';
    }
}
?>
--EXPECT--
push: SensitiveParameterValue
stream: SensitiveParameterValue
check: SensitiveParameterValue
read: SensitiveParameterValue
cursor: SensitiveParameterValue
status: SensitiveParameterValue
configure: SensitiveParameterValue
