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

run_phpt -d "extension=$SSE_EXTENSION" tests/phpt
