<?php
/**
 * A stream of ?key=… with ?options={JSON}; the requests whose numbers (from 0) are in ?refused[]=… are answered
 * with ?code=… instead. Who asked is noted under the key "requests of …".
 */
declare(strict_types=1);

$note = "requests of {$_GET['key']}";
$number = count(Sse\read($note, null, 100));
Sse\push($note, $number);
if (in_array((string)$number, $_GET['refused'] ?? [], true)) {
    http_response_code((int)$_GET['code']);
    exit;
}
Sse\stream($_GET['key'], json_decode($_GET['options'] ?? '{}', true, flags: JSON_THROW_ON_ERROR));
