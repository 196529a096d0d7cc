#!/bin/sh
# The PHP functions (tests/phpt), by PHP's own run-tests.php, with the extension in $SSE_EXTENSION or a release build.
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

if [ -z "${SSE_EXTENSION:-}" ]; then
    dev/build.sh
    SSE_EXTENSION=$PWD/target/release/libsse.so
fi
find_php
hide_installed_extension

extension_dir=$("$PHP_CONFIG" --extension-dir)
for directory in "$extension_dir/build" "$extension_dir/../../build" "$("$PHP_CONFIG" --prefix)/lib/php/build"; do
    [ ! -f "$directory/run-tests.php" ] || run_tests=$directory/run-tests.php
done
[ -n "${run_tests:-}" ] || die "run-tests.php is not where PHP's development package puts it."

NO_INTERACTION=1 REPORT_EXIT_STATUS=1 TEST_PHP_EXECUTABLE=$PHP \
    "$PHP" "$run_tests" -q -j2 --show-diff -d "extension=$SSE_EXTENSION" tests/phpt
