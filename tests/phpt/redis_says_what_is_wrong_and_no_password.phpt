--TEST--
redis://: what is wrong is said, and a password never is
--FILE--
<?php
require __DIR__ . '/sse.inc';
require __DIR__ . '/redis.inc';
store();
$server = startRedis('s3cret');
$push = function (string $dsn) use ($server): void {
    ob_start();
    attempt(fn () => Sse\push('k', 1, null, ['dsn' => $dsn]));
    echo str_replace((string)$server->port, 'PORT', ob_get_clean());
};
$push("redis://127.0.0.1:$server->port");
$push("redis://:wr0ng@127.0.0.1:$server->port");
$push("redis://app:wr0ng@127.0.0.1:$server->port/3");
$push('redis://127.0.0.1:1');
$push('redis://:wr0ng@');
$push('redis://u:wr0ng@host/x');
$push('redis://u@host');
$push('redis://host?prefx=a&password=wr0ng');
$push('redis://host?timeout=0');
$push('rediss://host?tls_insecure=maybe');
$push('valkey://u:wr0ng@host');
attempt(fn () => Sse\configure(['dsn' => 'redis://u:wr0ng@host:port']));
Sse\configure(['dsn' => "redis://:s3cret@127.0.0.1:$server->port/2?prefix=a:"]);
attempt(fn () => strlen(Sse\push('k', 1)) > 10);
echo str_replace((string)$server->port, 'PORT', Sse\status()['store']), "\n";
ob_start();
phpinfo(INFO_MODULES);
preg_match('/^sse\.dsn.*/m', ob_get_clean(), $line);
echo str_replace((string)$server->port, 'PORT', $line[0]), "\n";
--EXPECT--
Sse\StoreException: Sse\push(): key "k": redis://127.0.0.1:PORT/0 refuses us: "NOAUTH": Authentication required.; check user and password in the DSN, and that this user may use keys and channels of the prefix (ACL ~sse:* &sse:* +@all -@dangerous)
Sse\StoreException: Sse\push(): key "k": redis://127.0.0.1:PORT/0 refuses us: "WRONGPASS": invalid username-password pair or user is disabled.; check user and password in the DSN, and that this user may use keys and channels of the prefix (ACL ~sse:* &sse:* +@all -@dangerous)
Sse\StoreException: Sse\push(): key "k": redis://app@127.0.0.1:PORT/3 refuses us: "WRONGPASS": invalid username-password pair or user is disabled.; check user and password in the DSN, and that this user may use keys and channels of the prefix (ACL ~sse:* &sse:* +@all -@dangerous)
Sse\StoreException: Sse\push(): key "k": cannot reach redis://127.0.0.1:1/0 within N ms: Connection refused (os error 111); see that it runs, that it listens there and that no firewall is between
Sse\InvalidArgumentException: Sse\push(): option "dsn" is "redis://***@"; it takes redis://[user:password@]host[:port][/db], rediss://… for TLS, or redis+unix:///path/to/redis.sock
Sse\InvalidArgumentException: Sse\push(): option "dsn" is "redis://***@host/x"; it takes the database after the host as a whole number; redis://[user:password@]host[:port][/db], rediss://… for TLS, or redis+unix:///path/to/redis.sock
Sse\InvalidArgumentException: Sse\push(): option "dsn" is "redis://***@host"; it takes a password with the user (for a password alone: redis://:password@host)
Sse\InvalidArgumentException: Sse\push(): option "dsn" is "redis://host?prefx=a&password=***"; it takes the parameters prefix, timeout, db, username, password, password_file, tls_ca, tls_insecure
Sse\InvalidArgumentException: Sse\push(): option "dsn" is "redis://host?timeout=0"; it takes a timeout from 0.05 to 60 seconds
Sse\InvalidArgumentException: Sse\push(): option "dsn" is "rediss://host?tls_insecure=maybe"; it takes tls_insecure as 0 or 1
Sse\InvalidArgumentException: Sse\push(): option "dsn" is "valkey://***@host"; it takes a data source name: file:///var/lib/php-sse, sqlite:///var/lib/php-sse/events.sqlite, redis://host, rediss://host or redis+unix:///run/redis/redis.sock
Sse\InvalidArgumentException: Sse\configure(): sse.dsn is "redis://***@host:port"; it takes a port as a whole number; redis://[user:password@]host[:port][/db], rediss://… for TLS, or redis+unix:///path/to/redis.sock
true
redis://127.0.0.1:PORT/2?prefix=a:
sse.dsn => redis://***@127.0.0.1:PORT/2?prefix=a: => no value
