--TEST--
plain PHP: settings of the environment, also as Apache names them where it runs PHP by an Action
--FILE--
<?php
require dirname(__DIR__, 3) . '/tests/phpt/sse.inc';
echo Sse\status()['store'], "\n";
putenv('REDIRECT_SSE_DIR=/redirected');
echo Sse\status()['store'], "\n";
putenv('SSE_DIR=/direct');
echo Sse\status()['store'], "\n";
Sse\configure(['dir' => '/configured']);
echo Sse\status()['store'], "\n";
--EXPECT--
/var/lib/php-sse
/redirected
/direct
/configured
