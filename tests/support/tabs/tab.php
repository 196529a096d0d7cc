<?php
/**
 * A tab with sse.js that remembers what it got, also over page loads.
 *
 *   ?address=…      the stream's
 *   ?options={JSON} of Sse.connect()
 *   ?now=KEY        with the page's own cursor of that key
 *   ?lacks=NAMES    of navigator's or the window's, which this browser is to do without
 */
declare(strict_types=1);

$options = json_decode($_GET['options'] ?? '{}', true, flags: JSON_THROW_ON_ERROR);
if (isset($_GET['now'])) {
    $options['cursor'] = Sse\cursor($_GET['now']);
}
$json = fn(mixed $value): string => (string)json_encode($value, JSON_HEX_TAG | JSON_THROW_ON_ERROR);
?>
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>A tab</title>
<link rel="icon" href="data:,">
<script>
for (const name of <?= $json(array_filter(explode(' ', $_GET['lacks'] ?? ''))) ?>) {
    Object.defineProperty(name in navigator ? navigator : window, name, { value: undefined });
}
</script>
<script src="/sse.js"></script>
<script>
window.events = JSON.parse(sessionStorage.events ?? '[]');
window.statuses = [];
document.addEventListener('sse-event', ({ detail: { name, data } }) => {
    window.events.push([name, data]);
    sessionStorage.events = JSON.stringify(window.events);
});
document.addEventListener('sse-status', ({ detail: { status, code } }) => window.statuses.push([status, code]));
window.stream = Sse.connect(<?= $json($_GET['address']) ?>, <?= $json((object)$options) ?>);
</script>
</html>
