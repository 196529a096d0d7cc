#!/bin/sh
# Format and lints of all that is written here, in each of its languages.
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

find_php
cargo fmt --all --check
cargo clippy --workspace --all-targets -- -D warnings
for file in $(find . \( -name target -o -name node_modules -o -name vendor -o -name .git \) -prune -o -path ./php/tests/phpt/prepend.php -o -name '*.php' -print); do
    "$PHP" -l "$file" >/dev/null
done
for file in dev/*.sh tests/system/run.sh bench/run .ci/run; do
    sh -n "$file"
done
for file in packaging/*.sh packaging/check/*.sh; do
    sh -n "$file"
done
