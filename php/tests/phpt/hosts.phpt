--TEST--
plain PHP: what hosts like to switch off isn't needed
--INI--
disable_functions=ini_get,ini_set,ini_restore,exec,passthru,shell_exec,system,proc_open,proc_get_status,popen,dl,putenv,set_time_limit,ignore_user_abort,link,symlink,readlink,chown,chgrp,chmod,umask,error_log,getmypid,php_uname,disk_free_space,posix_getpwuid,posix_geteuid,posix_getppid,posix_kill,pcntl_fork,pcntl_async_signals,pcntl_signal_dispatch,fsync,fdatasync,get_cfg_var,time_nanosleep
--FILE--
<?php
require dirname(__DIR__, 3) . '/tests/phpt/sse.inc';
// What the harness itself asks for.
function getmypid(): int
{
    return 1;
}
$directory = store();
$first = Sse\push('k', ['n' => 1]);
Sse\push('k', 2, 'name');
echo count(Sse\read('k', $first)), ' ', Sse\status()['problem'] ?? 'no problem', "\n";
stream('k', ['replay' => 'all', 'beforeSend' => fn (mixed $data): array => [$data], 'onLoop' => fn () => print('x')]);
Sse\configure(['retention_events' => 2]);
foreach (range(3, 9) as $number) {
    Sse\push('k', $number);
}
echo implode(' ', array_column(Sse\read('k'), 'data')), "\n";
--EXPECT--
1 no problem
retry=default #1 connected {"time": "H:i:s"}
#2 message [{"n":1}]
#3 name [2]
CaughtUp
8 9
