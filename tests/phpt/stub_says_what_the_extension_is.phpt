--TEST--
stubs/sse.stub.php says what the extension is
--FILE--
<?php
require __DIR__ . '/sse.inc';
const REFLECT = <<<'PHP'
    $type = fn (?ReflectionType $type): string => (string)$type;
    $all = [];
    foreach (array_merge(...array_values(get_defined_functions())) as $name) {
        if (!str_starts_with($name, 'sse\\')) {
            continue;
        }
        $function = new ReflectionFunction($name);
        $all[$function->getName() . '()'] = $type($function->getReturnType());
        foreach ($function->getParameters() as $parameter) {
            $all[$function->getName() . "($" . $parameter->getName() . ')'] = $parameter->getPosition() . ' ' . $type($parameter->getType())
                . ($parameter->isPassedByReference() ? ' &' : '') . ($parameter->isVariadic() ? ' ...' : '')
                . ($parameter->isOptional() ? ' = ' . json_encode($parameter->getDefaultValue()) : '');
        }
    }
    foreach (array_merge(get_declared_classes(), get_declared_interfaces()) as $name) {
        if (!str_starts_with($name, 'Sse\\')) {
            continue;
        }
        $class = new ReflectionClass($name);
        $interfaces = $class->getInterfaceNames();
        sort($interfaces);
        $all[$name] = ($class->isEnum() ? "enum " : implode(" ", Reflection::getModifierNames($class->getModifiers()))) . ($class->isInterface() ? 'interface' : 'class')
            . ' ' . ($class->getParentClass() ?: null)?->getName() . ' ' . implode(' ', $interfaces);
        foreach ($class->getReflectionConstants() as $constant) {
            $value = $constant->getValue();
            $all["$name::" . $constant->getName()] = $value instanceof BackedEnum ? $value->value : $value;
        }
        foreach ($class->getMethods() as $method) {
            $method->getDeclaringClass()->getName() === $name && $all["$name::" . $method->getName() . '()'] = $type($method->getReturnType());
        }
        foreach ($class->getProperties() as $property) {
            $property->getDeclaringClass()->getName() === $name && $all["$name::$" . $property->getName()] = $type($property->getType());
        }
    }
    ksort($all);
    echo json_encode($all);
    PHP;
$stub = realpath(__DIR__ . '/../../stubs/sse.stub.php');
// A PHP without the extension takes the stub for code.
$said = json_decode((string)shell_exec(sprintf(
    '%s -n -r %s %s',
    escapeshellarg(PHP_BINARY),
    escapeshellarg('require $argv[1];' . REFLECT),
    escapeshellarg($stub),
)), true);
// And one without the tests' own functions.
$is = json_decode(script(REFLECT), true);
foreach ($is + $said as $name => $_) {
    if (($is[$name] ?? null) !== ($said[$name] ?? null)) {
        echo "$name: the extension has ", $is[$name] ?? 'none', ', the stub ', $said[$name] ?? 'none', "\n";
    }
}
echo implode("\n", array_filter(array_keys($said), fn (string $name): bool => !str_contains($name, '$') && !str_contains($name, '::'))), "\n";
--EXPECT--
Sse\Exception
Sse\InvalidArgumentException
Sse\StoreException
Sse\StreamEnd
Sse\StreamException
Sse\check()
Sse\configure()
Sse\cursor()
Sse\encode()
Sse\hub()
Sse\push()
Sse\read()
Sse\recalling()
Sse\status()
Sse\stream()
