#!/bin/sh
# Builds the extension as PIE does: from the archive of what is committed, by phpize, configure and make; and loads it.
#
# What cargo built stays in target/pie: another run is quicker.
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

dev/setup.sh
find_php
if have composer; then
    composer validate --quiet --no-interaction --no-check-publish composer.json || die "composer.json is wrong; see: composer validate"
fi

directory=$(mktemp -d "${TMPDIR:-/tmp}/php-sse-pie.XXXXXX")
trap 'rm -rf "$directory"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target/pie}
export CARGO_TARGET_DIR

mkdir "$directory/source"
git archive HEAD | tar --extract --directory="$directory/source"
say "In the archive: $(git archive HEAD | tar --list | cut -d/ -f1 | uniq | tr '\n' ' ')"

phpize=$(dirname "$PHP_CONFIG")/$(basename "$PHP_CONFIG" | sed 's/php-config/phpize/')
build=$directory/source/$("$PHP" -n -r 'echo json_decode(file_get_contents($argv[1]), true)["php-ext"]["build-path"];' -- composer.json)
(
    cd "$build"
    "$phpize"
    ./configure --with-php-config="$PHP_CONFIG"
    make --jobs=2
    make install INSTALL_ROOT="$directory/installed"
) >"$directory/log" 2>&1 || {
    tail -n 40 "$directory/log" >&2
    die "It could not be built."
}

extension=$directory/installed$("$PHP_CONFIG" --extension-dir)/sse.so
mkdir "$directory/events"
answer=$("$PHP" -n -d "extension=$extension" -d "sse.dir=$directory/events" \
    -r 'Sse\push("key", "it works"); echo Sse\read("key")[0]["data"];')
[ "$answer" = 'it works' ] || die "It does not work: $answer"
say "Built, installed and loaded as PIE would: sse.so for $("$PHP" -r 'echo PHP_VERSION;')"
