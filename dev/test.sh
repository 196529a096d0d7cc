#!/bin/sh
# Every test there is, one step after the other; ends with the first that fails.
#
#   tests/phpt         the PHP functions, by PHP's own run-tests.php
#   tests/http         real clients and Chromium against real nginx, Caddy, Apache and PHP-FPM, by Node's test runner
#   tests/chaos        the checker of make chaos, and one short run
#   tests/system       each executable file is a test: it exits 0, or prints what went wrong
#   cakephp-plugin     PHPUnit, and real clients against a CakePHP application
#
# The last two find the PHP in $SSE_PHP and the extension in $SSE_EXTENSION.
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

step() {
    printf '\n== %s\n' "$*"
}

find_run_tests() {
    extension_dir=$("$PHP_CONFIG" --extension-dir)
    for run_tests in "$extension_dir/build" "$extension_dir/../../build" "$("$PHP_CONFIG" --prefix)/lib/php/build"; do
        [ ! -f "$run_tests/run-tests.php" ] || { echo "$run_tests/run-tests.php"; return; }
    done
    die "run-tests.php is not where PHP's development package puts it."
}

step 'set-up'
dev/setup.sh --test
find_php
hide_installed_extension
"$PHP" -r 'echo "PHP ", PHP_VERSION, ", ", PHP_OS_FAMILY, "\n";'

step 'format and lints'
dev/lint.sh

step 'Rust'
cargo test --workspace

step 'release build'
cargo build --release
# For the tests. Not called PHP: ext-php-rs would be built anew for it.
SSE_EXTENSION=$PWD/target/release/libsse.so
SSE_PHP=$PHP
export SSE_EXTENSION SSE_PHP

step 'PHP functions (phpt)'
run_tests=$(find_run_tests)
NO_INTERACTION=1 REPORT_EXIT_STATUS=1 TEST_PHP_EXECUTABLE=$PHP \
    "$PHP" "$run_tests" -q -j2 --show-diff -d "extension=$SSE_EXTENSION" tests/phpt

NODE=$(find_node $NODE_AT_LEAST)
install_node_modules
for folder in tests/http tests/http/worker tests/http/hub tests/http/browser; do
    step "$folder"
    "$NODE" --test --test-concurrency=1 --test-timeout=300000 --test-reporter=spec $folder/*.test.js
done

step 'storms'
"$NODE" --test --test-concurrency=1 --test-reporter=spec tests/chaos/*.test.js
# A short one, the same each time; make chaos is the long one.
ENGINE=all MINUTES=0.4 SEED=1 TIMED=no "$NODE" tests/chaos/run.js

for script in tests/system/*; do
    [ -f "$script" ] && [ -x "$script" ] || continue
    step "$script"
    "$script"
done

step 'CakePHP plugin'
dev/test-cakephp.sh

step 'all passed'
