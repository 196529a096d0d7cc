#!/bin/sh
# Every test there is, one step after the other; ends with the first that fails.
# What this machine can't run is skipped, and counted at the end; what dev/setup.sh can install isn't skipped.
#
#   tests/phpt      the PHP functions, by PHP's own run-tests.php
#   tests/http      real clients against real nginx, Caddy, Apache and PHP-FPM, by Node's test runner: what holds
#                   wherever a stream is held, what is true in a worker, with the hub, and in Chromium
#   tests/docs      what README and docs show, as it stands there
#   tests/chaos     the checker of make chaos, and one short run
#   tests/system    several processes, other users, full disks, limits
#   php             plain PHP: the same phpt and client tests without the extension, and both over one store
#   cakephp-plugin  PHPUnit, and real clients against a CakePHP application; with the extension, and without it
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

SSE_SKIPPED=$PWD/target/skipped.txt
export SSE_SKIPPED
mkdir -p target
: >"$SSE_SKIPPED"

step() {
    printf '\n== %s\n' "$*"
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

step 'tests/phpt'
run_phpt -W target/phpt.txt -d "extension=$SSE_EXTENSION" tests/phpt
sed -n 's/^SKIPPED\t//p' target/phpt.txt | while IFS= read -r test; do skipped "$test"; done

NODE=$(find_node $NODE_AT_LEAST)
install_node_modules
for folder in tests/http tests/http/worker tests/http/hub tests/http/browser tests/docs tests/chaos; do
    step "$folder"
    run_node_tests $folder/*.test.js
done

step 'a short storm'
# The same each time; make chaos is the long one.
ENGINE=all MINUTES=0.4 SEED=1 TIMED=no "$NODE" tests/chaos/run.js

step 'tests/system'
tests/system/run.sh

step 'plain PHP'
dev/test-php.sh

step 'CakePHP plugin'
dev/test-cakephp.sh

step 'all passed'
count=$(wc -l <"$SSE_SKIPPED")
if [ "$count" != 0 ]; then
    printf 'TESTS SKIPPED, AS THIS MACHINE CAN NOT RUN THEM: %s\n' "$count"
    cat "$SSE_SKIPPED"
fi
