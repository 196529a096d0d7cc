#!/bin/sh
# Builds the package, has it checked by lintian, and tries it in a fresh Debian: packaging/check/life.sh.
#
# The Debian is of this machine's release, made by debootstrap in a temporary directory, which is removed.
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh
. dev/chroot.sh

have lintian || die "lintian is missing: apt-get install lintian"
[ "$(id -u)" = 0 ] || die "Only root can try a package in another system."
find_php
php=$("$PHP_CONFIG" --version | cut -d. -f1,2)

second=$(DEB_REVISION=2 packaging/build-deb.sh)
first=$(DEB_REVISION=1 packaging/build-deb.sh)
lintian --allow-root --fail-on error,warning "$first" "$second"
say "lintian has nothing to say."

release=$(. /etc/os-release && echo "$VERSION_CODENAME")
directory=$(mktemp -d "${TMPDIR:-/tmp}/php-sse-deb.XXXXXX")
trap 'rm -rf --one-file-system "$directory"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
system=$directory/$release
say "Making a fresh $release in $system"
make_system "$system" "$release"

cp -r packaging/check "$system/check"
cp "$first" "$second" "$system/check/"
inside "$system" sh /check/life.sh "$php" "/check/$(basename "$first")" "/check/$(basename "$second")"
