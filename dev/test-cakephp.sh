#!/bin/sh
# Tests the CakePHP plugin against the built extension: coding standard, PHPStan, PHPUnit with real databases and Redis
# of its own, then real clients and Chromium through nginx and PHP-FPM. What is missing is skipped, in capitals.
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh
. dev/cakephp/lib.sh

find_php
hide_installed_extension
SSE_EXTENSION=${SSE_EXTENSION:-$PWD/target/release/libsse.so}
SSE_PHP=$PHP
export SSE_EXTENSION SSE_PHP

setup_composer
for package in cakephp-plugin demo/cakephp; do
    composer_install $package || {
        say "TESTS OF THE CAKEPHP PLUGIN SKIPPED: COMPOSER CANNOT FIND CAKEPHP ($COMPOSER_PROBLEM)"
        exit 0
    }
done

# Also what these start finds the extension.
rm -rf target/cakephp-ini
mkdir -p target/cakephp-ini
echo "extension=$SSE_EXTENSION" >target/cakephp-ini/sse.ini
(
    PHP_INI_SCAN_DIR="${PHP_INI_SCAN_DIR:-}:$PWD/target/cakephp-ini"
    export PHP_INI_SCAN_DIR
    cd cakephp-plugin
    "$PHP" vendor/bin/phpcs -q
    "$PHP" -d memory_limit=1G vendor/bin/phpstan analyse --no-progress
    "$PHP" vendor/bin/phpunit

    cd ../demo/cakephp
    plugin=../../cakephp-plugin
    "$PHP" $plugin/vendor/bin/phpcs -q --standard=$plugin/phpcs.xml src config webroot bin
    "$PHP" -d memory_limit=1G $plugin/vendor/phpstan/phpstan/phpstan.phar analyse --no-progress --autoload-file=vendor/autoload.php
)

NODE=$(find_node $NODE_AT_LEAST)
install_node_modules
"$NODE" --test --test-concurrency=1 --test-timeout=120000 --test-reporter=spec cakephp-plugin/tests/http/*.test.js
