<?php
declare(strict_types=1);

namespace Sse\Tests;

require __DIR__ . '/../lib.inc';

/*
 * root, a deploy user and www-data share a directory by its group, whoever uses it first, with the strictest umask.
 * Somebody who isn't in the group is told whom to ask for what.
 */

/** Users that nobody is. */
const DEPLOY = 48_411;
const STRANGER = 48_412;

posix_getuid() === 0 || skip('only root can become other users');
$web = posix_getpwnam('www-data') ?: skip('there is no www-data');

$users = [
    'root' => ['setpriv', '--reuid=0', '--regid=0', '--clear-groups'],
    'deploy' => ['setpriv', '--reuid=' . DEPLOY, '--regid=' . DEPLOY, "--groups=$web[gid]"],
    'www-data' => ['setpriv', "--reuid=$web[uid]", "--regid=$web[gid]", '--clear-groups'],
];
const WORK = <<<'PHP'
    umask(0077);
    Sse\push('k', $argv[1]);
    ob_start();
    Sse\stream('k', ['replay' => 'all', 'follow' => false, 'connected' => false]);
    preg_match_all('/^data: "(.*)"$/m', ob_get_clean(), $data);
    echo implode(' ', $data[1]), '; ', count(Sse\read('k')), ' read; ', Sse\status()['problem'] ?? 'no problem', '; ', Sse\cursor('k') !== '' ? 'cursor' : '';
    PHP;

$orders = [['root', 'deploy', 'www-data'], ['deploy', 'www-data', 'root'], ['www-data', 'root', 'deploy']];
// The directory's group comes by itself where it has the setgid bit; without it, the files are given to the group.
foreach ([...$orders, ...$orders] as $round => $order) {
    $store = store("store-$round");
    chgrp($store, $web['gid']);
    chmod($store, $round < 3 ? 02770 : 0770);
    // Each twice: who comes back finds what the others have made of it.
    foreach ([...$order, ...$order] as $turn => $user) {
        $expected = implode(' ', [...array_slice([...$order, ...$order], 0, $turn), $user]);
        $said = Process::php($store, WORK, [], [$user], $users[$user])->wait();
        same("$expected; " . $turn + 1 . ' read; no problem; cursor', $said, "$user, " . implode(' then ', $order));
    }
    // Whoever cuts a log back makes a new file of it.
    foreach ($order as $user) {
        Process::php($store, 'umask(0077); Sse\push("k", 1); Sse\push("k", 2); Sse\push("other $argv[1]", 1);', ['sse.retention_events' => 1], [$user], $users[$user])->wait();
        foreach ($users as $other => $before) {
            same('[2]', Process::php($store, 'echo json_encode(array_column(Sse\read("k"), "data"));', [], [], $before)->wait(), "$other reads what $user has cut back");
        }
    }
    foreach (glob("$store/*") as $file) {
        clearstatcache();
        same([$web['gid'], '660'], [filegroup($file), decoct(fileperms($file) & 07777)], basename($file));
    }
}

$stranger = ['setpriv', '--reuid=' . STRANGER, '--regid=' . STRANGER, '--clear-groups'];
foreach (['Sse\push("k", 1);', 'Sse\read("k");', 'Sse\cursor("k");', 'Sse\stream("k", ["follow" => false]);'] as $call) {
    $said = Process::php($store, "try { $call echo 'done'; } catch (Sse\\StoreException \$error) { echo \$error->getMessage(); }", [], [], $stranger)->wait();
    foreach ([$store, 'root:www-data', '0770', (string)STRANGER] as $fact) {
        str_contains($said, $fact) || fail("a stranger's $call doesn't say $fact: $said");
    }
}
str_contains(Process::php($store, 'echo Sse\status()["problem"];', [], [], $stranger)->wait(), $store) || fail("a stranger's status has no problem");
pass('root, a deploy user and www-data, in every order; a stranger is told why not');
