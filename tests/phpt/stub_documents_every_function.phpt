--TEST--
stubs/sse.stub.php: each function has its documentation, with every parameter, option and exception
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
$code = file_get_contents(__DIR__ . '/../../stubs/sse.stub.php');
preg_match_all('~/\*\*((?:(?!\*/).)*)\*/\s*function (\w+)\(([^)]*)\)~s', $code, $functions, PREG_SET_ORDER);
foreach ($functions as [, $comment, $name, $parameters]) {
    preg_match_all('/\$(\w+)/', $parameters, $named);
    preg_match_all('/@param (?:(?!@).)*?\$(\w+)/s', $comment, $documented);
    echo $name, ': ', $named[1] === $documented[1] ? 'parameters' : 'not its parameters: ' . implode(' ', $documented[1]);
    // An option nobody knows is answered with those that are known.
    $known = [];
    if (in_array('options', $named[1], true)) {
        try {
            ('Sse\\' . $name)(...array_slice(['push' => ['k', 1, null], 'read' => ['k', null, 1], 'status' => [], 'hub' => []][$name] ?? ['k'], 0, 3), options: ['?' => 1]);
        } catch (Sse\InvalidArgumentException $error) {
            $known = explode(', ', explode('known are ', $error->getMessage())[1]);
        }
        preg_match('/array\{([^}]*(?:\{[^}]*\}[^}]*)*)\} \$options/s', $comment, $shape);
        preg_match_all('/(\w+)\?:/', $shape[1] ?? '', $options);
        echo $options[1] === $known ? ', ' . count($known) . ' options' : ', not its options: ' . implode(' ', $options[1]);
        if (count($known) > 1 && !str_contains($comment, ' *   as in `stream()`')) {
            preg_match_all('/^ \*   - (\w+)/m', $comment, $described);
            echo $described[1] === $known ? ' described' : ', described: ' . implode(' ', $described[1]);
        }
    }
    foreach (['@return', '@throws \Sse\InvalidArgumentException', '@throws \TypeError'] as $tag) {
        str_contains($comment, $tag) || $name === 'configure' || $named[1] === [] || print(", no $tag");
    }
    echo "\n";
}
--EXPECT--
push: parameters, 3 options described
encode: parameters
stream: parameters, 16 options described
check: parameters, 16 options
read: parameters, 1 options
cursor: parameters, 1 options
status: parameters, 1 options
recalling: parameters
hub: parameters, 1 options
configure: parameters
