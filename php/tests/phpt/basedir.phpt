--TEST--
plain PHP: open_basedir holds for the store, whoever has set it, and within it all is as usual
--FILE--
<?php
require dirname(__DIR__, 3) . '/tests/phpt/sse.inc';
store();
$inside = temporary();
$outside = "$inside-outside";
mkdir($outside);
symlink($outside, "$inside/link");
// PHP may not do this itself by then.
register_shutdown_function(fn () => shell_exec('rm -r ' . escapeshellarg($outside) . '; rm ' . escapeshellarg("$inside/link")));
ini_set('open_basedir', implode(':', [$inside, dirname(__DIR__, 2), dirname(__DIR__, 3) . '/tests']));
$told = function (callable $call) use ($inside): void {
    try {
        $call();
        echo "done\n";
    } catch (Sse\InvalidArgumentException $error) {
        $said = (string)preg_replace('/it allows .*?;/', 'it allows …;', $error->getMessage());
        echo masked(str_replace([$inside . '-outside', $inside], ['{outside}', '{inside}'], $said)), "\n";
    }
};
$told(fn () => Sse\push('k', 1));
stream('k');
$told(fn () => Sse\push('k', 1, null, ['dsn' => "file://$outside"]));
$told(fn () => Sse\push('k', 1, null, ['dsn' => "file://$inside/link"]));
$told(fn () => Sse\configure(['dir' => "$inside/../x"]));
putenv("SSE_DSN=file://$outside");
$told(fn () => Sse\stream('k'));
putenv('SSE_DSN');
echo count(Sse\read('k')), " event\n";
echo shell_exec('ls -A ' . escapeshellarg($outside)) ?? "nothing outside\n";
--EXPECT--
done
retry=default #1 connected {"time": "H:i:s"}
#2 message 1
CaughtUp
Sse\push(): option "dsn" leads to {outside}, which open_basedir keeps from PHP code: it allows …; choose a path in there, or install the extension sse, which may use what the server's configuration names
Sse\push(): option "dsn" leads to {inside}/link, which open_basedir keeps from PHP code: it allows …; choose a path in there, or install the extension sse, which may use what the server's configuration names
Sse\configure(): sse.dir leads to {inside}/../x, which open_basedir keeps from PHP code: it allows …; choose a path in there, or install the extension sse, which may use what the server's configuration names
Sse\stream(): sse.dsn leads to {outside}, which open_basedir keeps from PHP code: it allows …; choose a path in there, or install the extension sse, which may use what the server's configuration names
1 event
nothing outside
