--TEST--
tests/vectors/ids.json: texts that are ids, and that are not
--FILE--
<?php
require __DIR__ . '/vectors.inc';
table('ids.json', 'texts', function (array $row): void {
    storeOf([]);
    $refusal = refusal(fn () => Sse\read('k', $row['text']));
    same($row['millis'] === null, $refusal !== null, 'refused');
    if ($refusal === null && $row['text'] !== '0-0') {
        // Nothing was ever pushed: the gap says the id again.
        same($row['text'], Sse\read('k', $row['text'])[0]['data']['from'], 'the id as it was read');
    }
});
--EXPECT--
ids.json, texts: done
