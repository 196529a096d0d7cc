#!/bin/sh
# Runs the tests in another Debian release, with its PHP: dev/test-in.sh RELEASE [COMMAND …]
#
# The release is kept in target/systems/RELEASE, with what was built there; remove that directory to begin anew.
# It sees the files of this working copy, committed or not, and this machine's Rust toolchain.
# Another command than "make test" is run in the same place: dev/test-in.sh trixie dev/test-phpt.sh
#
#   PHP_VERSION  another PHP that the release has: PHP_VERSION=8.6 dev/test-in.sh experimental
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh
. dev/chroot.sh

[ $# -gt 0 ] || die "In which release of Debian? make test-in trixie"
release=$1
shift
[ $# -gt 0 ] || set -- make test

system=$PWD/target/systems/$release
rustup=${RUSTUP_HOME:-$HOME/.rustup}
[ -d "$rustup" ] || die "There is no toolchain of rustup in $rustup; the other system gets it from there."
cargo=${CARGO_HOME:-$HOME/.cargo}

# install_there PACKAGE …
install_there() {
    inside "$system" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends --target-release "$release" "$@"
}

if [ ! -e "$system.made" ]; then
    rm -rf "$system"
    say "Making $release in $system"
    make_system "$system" "$release"
    inside "$system" apt-get update -q
    install_there make git ca-certificates procps build-essential libclang-dev
    touch "$system.made"
fi >&2
php=php${PHP_VERSION:-}
if [ ! -e "$system.made.$php" ]; then
    install_there "$php-cli" "$php-dev" "$php-fpm"
    touch "$system.made.$php"
fi >&2

# What was built and installed there stays.
mkdir -p "$system/sse"
find "$system/sse" -mindepth 1 -maxdepth 1 ! -name target -exec rm -rf {} +
git ls-files --cached --others --exclude-standard | while read -r file; do
    [ ! -e "$file" ] || printf '%s\n' "$file"
done | tar --create --files-from=- | tar --extract --directory="$system/sse"

BIND="$rustup:/root/.rustup $cargo:/root/.cargo"
# shellcheck disable=SC2016 # that shell's arguments
inside "$system" env ${PHP_VERSION:+PHP_CONFIG=php-config$PHP_VERSION} sh -c 'cd /sse && exec "$@"' sh "$@"
