#!/bin/sh
# packaging/prebuilt.sh in one of the official images of PHP, as root: first installs what such an image lacks.
set -eu
cd "$(dirname "$0")/.."

if command -v apk >/dev/null; then
    # shellcheck disable=SC2086 # a list of names that the image gives
    apk add --no-cache $PHPIZE_DEPS binutils clang-libclang curl git linux-headers redis zip
    LIBCLANG_PATH=$(dirname "$(find /usr/lib -name 'libclang.so*' | head -n 1)")
    export LIBCLANG_PATH
else
    apt-get update -q
    apt-get install -y -q --no-install-recommends binutils build-essential curl git libclang-dev redis-server zip
fi
curl -fsS https://sh.rustup.rs | sh -s -- -y --profile minimal

exec packaging/prebuilt.sh
