#!/bin/sh
# Builds the extension and shows it: see demo/demo.php
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

dev/setup.sh --demo
dev/build.sh
find_php
hide_installed_extension
exec "$PHP" demo/demo.php
