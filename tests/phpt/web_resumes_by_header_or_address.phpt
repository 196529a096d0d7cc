--TEST--
over HTTP: Last-Event-ID, and for a page's first connection lastEventId in the address
--FILE--
<?php
require __DIR__ . '/server.inc';
store();
$cursors = [Sse\cursor('k')];
foreach (['one', 'two', 'three'] as $data) {
    Sse\push('k', $data);
    $cursors[] = Sse\cursor('k');
}
$server = new Server('<?php Sse\stream("k", ["follow" => false, "connected" => false, "lastEventId" => $_GET["option"] ?? null]);');
$server->answer('/', 'GET', "Last-Event-ID: $cursors[1]");
$server->answer("/?lastEventId=$cursors[2]");
$server->answer("/?lastEventId=$cursors[0]", 'GET', "Last-Event-ID: $cursors[2]");
$server->answer("/?lastEventId=$cursors[1]", 'GET', 'Last-Event-ID:');
$server->answer("/?option=$cursors[3]", 'GET', "Last-Event-ID: $cursors[0]");
$server->answer('/?lastEventId[]=x', 'GET', 'Last-Event-ID: undefined');
--EXPECT--
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default : connected
#1 message "two"
#2 message "three"
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default : connected
#2 message "three"
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default : connected
#2 message "three"
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default : connected
#1 message "two"
#2 message "three"
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default : connected
200 OK
Content-type: text/event-stream;charset=UTF-8
Cache-Control: no-cache
X-Accel-Buffering: no
retry=default : connected
#2 message "three"
