#!/bin/sh
# Builds the extension: target/release/libsse.so
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

dev/setup.sh
find_php
cargo build --release
