#!/bin/sh
# Tests the CakePHP plugin against the built extension: coding standard, PHPStan, PHPUnit with real databases and Redis
# of its own, then real clients and Chromium through nginx and PHP-FPM. PHPUnit and the clients run once more without the
# extension, in plain PHP; what needs it is shown there with the reason. Skipped, in capitals, where Composer can't find
# CakePHP.
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

dev/setup.sh --test
find_php
hide_installed_extension
SSE_EXTENSION=${SSE_EXTENSION:-$PWD/target/release/libsse.so}
SSE_PHP=$PHP
export SSE_EXTENSION SSE_PHP

for package in cakephp-plugin demo/cakephp; do
    composer_install $package || {
        skipped "the tests of the CakePHP plugin: Composer can't find CakePHP: $COMPOSER_PROBLEM"
        exit 0
    }
done

# Also what these start finds the extension.
rm -rf target/cakephp-ini
mkdir -p target/cakephp-ini
echo "extension=$SSE_EXTENSION" >target/cakephp-ini/sse.ini
events=$PWD/target/phpunit-events.txt
(
    PHP_INI_SCAN_DIR="${PHP_INI_SCAN_DIR:-}:$PWD/target/cakephp-ini"
    export PHP_INI_SCAN_DIR
    cd cakephp-plugin
    "$PHP" vendor/bin/phpcs -q
    "$PHP" -d memory_limit=1G vendor/bin/phpstan analyse --no-progress
    "$PHP" vendor/bin/phpunit --log-events-text "$events"

    cd ../demo/cakephp
    plugin=../../cakephp-plugin
    "$PHP" $plugin/vendor/bin/phpcs -q --standard=$plugin/phpcs.xml src config webroot bin
    "$PHP" -d memory_limit=1G $plugin/vendor/phpstan/phpstan/phpstan.phar analyse --no-progress --autoload-file=vendor/autoload.php
)
sed -n 's/^Test Skipped (\(.*\))$/\1/p' "$events" | while IFS= read -r test; do skipped "$test"; done

NODE=$(find_node $NODE_AT_LEAST)
install_node_modules
run_node_tests cakephp-plugin/tests/http/*.test.js

(
    unset SSE_EXTENSION
    cd cakephp-plugin
    "$PHP" vendor/bin/phpunit --display-skipped
)
SSE_EXTENSION=$PWD/php/bootstrap.php
run_node_tests cakephp-plugin/tests/http/*.test.js
