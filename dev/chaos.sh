#!/bin/sh
# Storms over the servers with random clients; docs/reliability.md says what is checked. From the environment:
#   MINUTES=5     how long
#   ENGINE=file   file, sqlite, redis, or all of them side by side
#   SEED=NUMBER   repeats what another run did
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

dev/setup.sh --chaos
find_php
hide_installed_extension
cargo build --release
install_node_modules
# For the run. Not called PHP: ext-php-rs would be built anew for it.
SSE_EXTENSION=$PWD/target/release/libsse.so
SSE_PHP=$PHP
export SSE_EXTENSION SSE_PHP
exec "$(find_node $NODE_AT_LEAST)" tests/chaos/run.js
