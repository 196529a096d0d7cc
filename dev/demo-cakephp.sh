#!/bin/sh
# Builds the extension and shows it in a CakePHP application: see demo/cakephp/demo.php
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

dev/setup.sh --demo --cakephp
dev/build.sh
find_php
hide_installed_extension
composer_install demo/cakephp ||
    die "The CakePHP demo needs Composer to find cakephp/cakephp, and it could not: $COMPOSER_PROBLEM"
exec "$PHP" demo/cakephp/demo.php
