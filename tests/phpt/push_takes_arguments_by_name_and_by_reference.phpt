--TEST--
Sse\push(): arguments by name, by reference, and options left out or null
--FILE--
<?php
require __DIR__ . '/sse.inc';
store();
Sse\push(data: 'named', key: 'k');
Sse\push('k', 'with an option', options: ['external' => false]);
Sse\push('k', 'no name', null, ['dsn' => null, 'external' => null]);
$key = 'k';
$data = ['by' => 'reference'];
$copy = &$data;
$options = ['external' => false];
$switch = &$options['external'];
Sse\push($key, $data, options: $options);
foreach (Sse\read('k') as $event) {
    echo json_encode($event['data']), ' ', json_encode($event['event']), "\n";
}
--EXPECT--
"named" null
"with an option" null
"no name" null
{"by":"reference"} null
