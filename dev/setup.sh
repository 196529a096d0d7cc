#!/bin/sh
# Installs, by apt-get, what this machine lacks to build the extension. Does nothing, quickly, where nothing is missing.
#   --demo      also the servers to run it in
#   --cakephp   also what CakePHP needs, and Composer
#   --test      also all that make test needs
#   --chaos     also what make chaos needs
#
# PHP_CONFIG=/path/to/php-config chooses another PHP than the system's; its packages are then yours to install.
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

servers=no cakephp=no tests=no chaos=no
for option in "$@"; do
    case $option in
        --demo) servers=yes ;;
        --cakephp) cakephp=yes ;;
        --test) servers=yes cakephp=yes tests=yes ;;
        --chaos) servers=yes chaos=yes ;;
        *) die "dev/setup.sh does not know $option" ;;
    esac
done

packages=
need() {
    packages="$packages $*"
}

# need_extensions EXTENSION:PACKAGE …, without the "php-" of the package's name
lacking=
need_extensions() {
    for extension in "$@"; do
        ! has_extension "${extension%:*}" || continue
        if [ -n "$PHP_CONFIG_CHOSEN" ]; then lacking="$lacking ${extension%:*}"; else need "php-${extension#*:}"; fi
    done
}

# Whether PHP is there and has an extension.
has_extension() {
    (have "$PHP_CONFIG" && find_php && "$PHP" -r 'exit((int) !extension_loaded($argv[1]));' -- "$1")
}

for tool in make git; do
    have $tool || die "$tool is missing; install it first: apt-get install $tool"
done
have cargo || die "cargo is missing; install a Rust toolchain first, see https://rustup.rs"

has_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] && return
    for directory in /usr/lib/llvm-*/lib /usr/lib* /usr/lib/* /usr/local/lib; do
        # Not libclang-cpp.so, another library that comes by itself.
        for library in "$directory"/libclang.so* "$directory"/libclang-[0-9]*.so*; do
            [ -e "$library" ] && return
        done
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

if [ $tests = yes ] || [ $chaos = yes ]; then
    have node && have npm || need nodejs npm
    have redis-server && have redis-cli || need redis-server
fi

if [ $cakephp = yes ]; then
    have composer || need composer
    have unzip || need unzip
    need_extensions intl:intl mbstring:mbstring simplexml:xml pdo_sqlite:sqlite3 zip:zip
fi

if [ $tests = yes ]; then
    have openssl || need openssl
    have caddy || need caddy
    have apache2 || need apache2
    [ -n "${CHROMIUM:-}" ] || have chromium || have google-chrome || need chromium
    have mariadbd && have mariadb-install-db || need mariadb-server
    ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || have postgres || need postgresql
    need_extensions pdo_mysql:mysql pdo_pgsql:pgsql redis:redis
fi
if [ $tests = yes ] || [ $chaos = yes ]; then
    need_extensions sqlite3:sqlite3
fi
[ -z "$lacking" ] || die "The PHP of $PHP_CONFIG lacks the extensions$lacking; install them for it, or leave PHP_CONFIG out."

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
# install_packages PACKAGE …
install_packages() {
    if [ ! -e $POLICY ]; then
        trap 'as_root rm -f $POLICY' EXIT
        trap 'exit 130' INT
        trap 'exit 143' TERM HUP
        printf '#!/bin/sh\ncase "$1" in nginx*|php*|apache2*|mariadb*|mysql*|postgresql*|redis*|caddy*) exit 101 ;; esac\n' | as_root tee $POLICY >/dev/null
        as_root chmod 755 $POLICY
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

if [ -n "$packages" ]; then
    have apt-get || die "Missing here, and there is no apt-get to install it; in Debian's names:$packages"
    [ "$(id -u)" = 0 ] || have sudo || die "Missing, and only root can install it: apt-get install$packages"
    say "Installing what is missing:$packages"
    as_root apt-get update -q || say "apt-get update failed; trying with the lists that are here."
    # shellcheck disable=SC2086 # a list of names
    install_packages $packages >&2 || die "apt-get could not install:$packages"
    case "$packages " in
        *" nginx "* | *" php-fpm "* | *" caddy "* | *" apache2 "* | *" redis-server "* | *" mariadb-server "* | *" postgresql "*) say "Their services were installed but not started; they may start with the next boot." ;;
    esac
fi

# What gives a process another clock: a library that no PATH shows. Where it can't be had, a run goes on without.
if [ $chaos = yes ] && ! ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1; then
    { have apt-get && { [ "$(id -u)" = 0 ] || have sudo; } && as_root apt-get update -q >&2 && install_packages faketime >&2; } ||
        say "CLOCKS WILL NOT JUMP: APT-GET COULD NOT INSTALL faketime"
fi

find_php
"$PHP" -r 'exit((int) (PHP_VERSION_ID < 80100));' || die "$PHP is older than PHP 8.1, the oldest this extension supports."
if [ $servers = yes ]; then
    "$PHP" -r 'exit((int) !(extension_loaded("pcntl") && extension_loaded("posix")));' ||
        die "$PHP lacks pcntl or posix, which the demo and the tests use to stop what they start."
    [ -n "$(find_fpm)" ] || die "There is no PHP-FPM of the version of $PHP."
fi

# A Node.js that is too old (Debian 12's own) is left alone; a newer one comes from npm, into target/.
if [ "$tests$chaos" != nono ] && [ -z "$(find_node $NODE_AT_LEAST)" ]; then
    say "Node.js here is $(node --version), the tests need $NODE_AT_LEAST: getting one into target/node"
    npm install --silent --no-save --prefix target/node "node-linux-$(node -p process.arch)@22" >&2
    [ -n "$(find_node $NODE_AT_LEAST)" ] || die "No Node.js $NODE_AT_LEAST or newer could be had; install one and try again."
fi
