#!/bin/sh
# Tests the functions in plain PHP (php/): coding standard, PHPStan and PHPUnit; the extension's own phpt and client tests
# without it; plain PHP and the built extension over one store. What is missing is skipped, in capitals.
#   EVENTS=100000   how many the two exchange
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

dev/setup.sh --test
find_php
hide_installed_extension
SSE_EXTENSION=${SSE_EXTENSION:-$PWD/target/release/libsse.so}

if composer_install php; then
    (
        cd php
        "$PHP" vendor/bin/phpcs -q
        "$PHP" -d memory_limit=1G vendor/bin/phpstan analyse --no-progress
        "$PHP" vendor/bin/phpunit
    )
else
    skipped "coding standard, PHPStan and PHPUnit of plain PHP: Composer can't find them: $COMPOSER_PROBLEM"
fi

# Tests that say nothing of plain PHP are named by what stands in them; skipped.txt has the reasons.
patterns=$(grep -v '^#' php/tests/phpt/skipped.txt | cut -f 1 | paste -s -d '|')
# shellcheck disable=SC2046 # a list of files
run_phpt \
    -d auto_prepend_file="$PWD/php/tests/phpt/prepend.php" -d disable_functions=ini_get,ini_set,ini_restore \
    $(grep -LP "(?m)$patterns" tests/phpt/*.phpt) php/tests/phpt/*.phpt

"$PHP" php/tests/recorded/run.php "$SSE_EXTENSION"
# Real clients of php -S, and of nginx and PHP-FPM. What plain PHP can't do is skipped there with the reason.
(
    NODE=$(find_node $NODE_AT_LEAST)
    install_node_modules
    SSE_EXTENSION=$PWD/php/bootstrap.php
    SSE_PHP=$PHP
    export SSE_EXTENSION SSE_PHP
    run_node_tests tests/http/*.test.js tests/http/worker/*.test.js tests/http/browser/chromium.test.js php/tests/http/*.test.js
)

"$PHP" php/tests/mixed/run.php "$SSE_EXTENSION" "${EVENTS:-100000}"
