--TEST--
functions that disable_functions takes from applications are there for the extension
--INI--
disable_functions=connection_status,constant,date,headers_list,json_decode,json_encode,json_last_error_msg,ob_get_contents,ob_get_status,session_status,session_write_close,set_time_limit
--FILE--
<?php
require __DIR__ . '/server.inc';
store();
// What this test itself needs of them is disabled in the server only.
$server = new Server(<<<'PHP'
<?php
ob_start();
Sse\push('k', ['n' => 1]);
if (isset($_GET['read'])) {
    header('Content-Type: text/plain');
    echo count(array_filter(explode(',', ini_get('disable_functions')), function_exists(...))), ' of them are there, ';
    echo var_export(Sse\read('k')[0]['data'] === ['n' => 1], true), ' ', Sse\status()['engine'];
} else {
    session_save_path(__DIR__) && session_start();
    Sse\stream('k', ['follow' => false, 'beforeSend' => fn (array $payload): array => $payload + ['seen' => true]]);
}
PHP);
$server->answer('/?read=1');
$server->answer('/');
$server->logged();
--EXPECT--
200 OK
Content-type: text/plain;charset=UTF-8
0 of them are there, true file
200 OK
Cache-Control: no-store, no-cache, must-revalidate
Content-type: text/event-stream;charset=UTF-8
X-Accel-Buffering: no
retry=default #1 connected {"time": "H:i:s"}
#2 message {"n":1,"seen":true}
