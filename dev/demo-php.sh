#!/bin/sh
# Shows plain PHP, with nothing built and nothing installed but PHP's command line: see demo/plain.php
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

PHP=$(command -v php) || die "php is missing; install PHP 8.1 or later first: apt-get install php-cli"
"$PHP" -r 'exit((int) !(extension_loaded("pcntl") && extension_loaded("posix")));' ||
    die "$PHP lacks pcntl or posix, by which the demo stops what it starts."
hide_installed_extension
exec "$PHP" demo/plain.php
