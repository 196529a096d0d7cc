#!/bin/sh
# Installs, by apt-get, what this machine lacks to build the extension; with --demo also the servers to run it in,
# with --test also what the tests need. Does nothing, quickly, where nothing is missing.
#
# PHP_CONFIG=/path/to/php-config chooses another PHP than the system's; its packages are then yours to install.
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

servers=no tests=no
case "${1:-}" in
    --demo) servers=yes ;;
    --test) servers=yes tests=yes ;;
esac

packages=
need() {
    packages="$packages $*"
}

for tool in make git; do
    have $tool || die "$tool is missing; install it first: apt-get install $tool"
done
have cargo || die "cargo is missing; install a Rust toolchain first, see https://rustup.rs"

has_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] && return
    for library in /usr/lib/llvm-*/lib/libclang*.so* /usr/lib*/libclang*.so* /usr/lib/*/libclang*.so* /usr/local/lib/libclang*.so*; do
        [ -e "$library" ] && return
    done
    return 1
}

have cc || need build-essential
has_libclang || need libclang-dev

if [ -n "$PHP_CONFIG_CHOSEN" ]; then
    have "$PHP_CONFIG" || die "PHP_CONFIG names a program that does not exist: $PHP_CONFIG"
elif ! have php || ! have php-config; then
    need php-cli php-dev
fi

if [ $servers = yes ]; then
    have nginx || need nginx
    have setpriv && have setsid || need util-linux
    if ! have "$PHP_CONFIG" || [ -z "$(find_fpm)" ]; then
        [ -z "$PHP_CONFIG_CHOSEN" ] || die "There is no PHP-FPM beside the PHP of $PHP_CONFIG; the demo and the tests need it."
        need php-fpm
    fi
fi

if [ $tests = yes ]; then
    have node && have npm || need nodejs npm
    [ -n "${CHROMIUM:-}" ] || have chromium || have google-chrome || need chromium
fi

# Runs a command as root.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Debian starts a service as it installs it. Ours must not: it would take port 80 and outlive the demo.
# A policy of the machine's own stays; otherwise one forbids it while apt-get runs.
POLICY=/usr/sbin/policy-rc.d
install_packages() {
    if [ ! -e $POLICY ]; then
        trap 'as_root rm -f $POLICY' EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM HUP
        printf '#!/bin/sh\ncase "$1" in nginx*|php*|apache2*) exit 101 ;; esac\n' | as_root tee $POLICY >/dev/null
        as_root chmod 755 $POLICY
    fi
    # shellcheck disable=SC2086 # a list of names
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages
}

if [ -n "$packages" ]; then
    have apt-get || die "Missing here, and there is no apt-get to install it; in Debian's names:$packages"
    [ "$(id -u)" = 0 ] || have sudo || die "Missing, and only root can install it: apt-get install$packages"
    say "Installing what is missing:$packages"
    as_root apt-get update -q || say "apt-get update failed; trying with the lists that are here."
    install_packages >&2 || die "apt-get could not install:$packages"
    case "$packages " in
        *" nginx "* | *" php-fpm "*) say "Their services were installed but not started; they may start with the next boot." ;;
    esac
fi

find_php
"$PHP" -r 'exit((int) (PHP_VERSION_ID < 80100));' || die "$PHP is older than PHP 8.1, the oldest this extension supports."
if [ $servers = yes ]; then
    "$PHP" -r 'exit((int) !(extension_loaded("pcntl") && extension_loaded("posix")));' ||
        die "$PHP lacks pcntl or posix, which the demo and the tests use to stop what they start."
    [ -n "$(find_fpm)" ] || die "There is no PHP-FPM of the version of $PHP."
fi

# A Node.js that is too old (Debian 12's own) is left alone; a newer one comes from npm, into target/.
if [ $tests = yes ] && [ -z "$(find_node $NODE_AT_LEAST)" ]; then
    say "Node.js here is $(node --version), the tests need $NODE_AT_LEAST: getting one into target/node"
    npm install --silent --no-save --prefix target/node "node-linux-$(node -p process.arch)@22" >&2
    [ -n "$(find_node $NODE_AT_LEAST)" ] || die "No Node.js $NODE_AT_LEAST or newer could be had; install one and try again."
fi
