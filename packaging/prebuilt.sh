#!/bin/sh
# Builds, tests and packs what PIE downloads for the PHP that php-config names: target/prebuilt/php_sse-….zip
#
# PIE finds it by its name: version, PHP, architecture, C library and thread safety.
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

# The newest glibc that the extension may need: Debian 12, Ubuntu 22.04 and RHEL 9 have it.
NEWEST_GLIBC=2.34

have zip || die "zip is missing; install it first."
have objdump || die "objdump is missing; binutils has it."
find_php

libc=glibc
if ldd --version 2>&1 | grep -qi musl; then
    libc=musl
    # An extension is loaded into a process that has its C library already.
    RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=-crt-static"
    export RUSTFLAGS
fi
dev/test-phpt.sh >&2

library=target/release/libsse.so
needed=$(objdump -T "$library" | grep -o 'GLIBC_[0-9.]*' | cut -d_ -f2 | sort -Vu | tail -n 1)
[ "$(printf '%s\n' "$needed" $NEWEST_GLIBC | sort -V | tail -n 1)" = $NEWEST_GLIBC ] ||
    die "Built here it needs glibc $needed; build it on a system with $NEWEST_GLIBC."

case "$(uname -m)" in
    aarch64) architecture=arm64 ;;
    *) architecture=$(uname -m) ;;
esac
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
php=$("$PHP" -n -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;')
name=php_sse-${version}_php$php-$architecture-linux-$libc$("$PHP" -n -r 'echo PHP_ZTS ? "-zts" : "";')

rm -rf "target/prebuilt/$name" "target/prebuilt/$name.zip"
mkdir -p "target/prebuilt/$name"
cp "$library" "target/prebuilt/$name/sse.so"
cp LICENSE "target/prebuilt/$name/"
(cd "target/prebuilt/$name" && zip -q "../$name.zip" sse.so LICENSE)
rm -r "target/prebuilt/$name"
echo "target/prebuilt/$name.zip"
