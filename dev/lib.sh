# shellcheck shell=sh disable=SC2034 # some is for those who source it
# What the shell scripts in dev/ share: where PHP is, and how to say that something is missing.
# Sourced with the repository's root as the working directory.

PHP_CONFIG_CHOSEN=${PHP_CONFIG:-}
PHP_CONFIG=${PHP_CONFIG:-php-config}

NODE_AT_LEAST=20.18.1 # what undici 7, one of the clients in the tests, asks for

# rustup's own directory is often missing from the PATH of make, cron and CI. PATH is left alone otherwise:
# when it changes, cargo builds ext-php-rs anew.
command -v cargo >/dev/null 2>&1 || PATH="$PATH:${HOME:-/root}/.cargo/bin"

say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "$*"
    exit 1
}

# Whether there is such a program; sbin is often missing from a user's PATH.
have() {
    (PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"; command -v "$1" >/dev/null 2>&1)
}

# The PHP that php-config names. If somebody chose it, the build (ext-php-rs) is told too; it wants whole paths.
find_php() {
    PHP_CONFIG=$(command -v "$PHP_CONFIG") || die "There is no $PHP_CONFIG; PHP's development package has it."
    PHP=$("$PHP_CONFIG" --php-binary) || die "$PHP_CONFIG does not name its PHP."
    [ -x "$PHP" ] || PHP=$(command -v php) || die "$PHP_CONFIG names a PHP that does not exist: $PHP"
    [ -z "$PHP_CONFIG_CHOSEN" ] || export PHP PHP_CONFIG
}

# FPM of the same version; prints nothing where there is none.
find_fpm() {
    fpm_version=$("$PHP_CONFIG" --version | cut -d. -f1,2)
    fpm_sbin=$("$PHP_CONFIG" --prefix)/sbin
    for fpm_candidate in "$fpm_sbin/php-fpm$fpm_version" "$fpm_sbin/php-fpm" "php-fpm$fpm_version"; do
        ! have "$fpm_candidate" || { echo "$fpm_candidate"; return; }
    done
}

# An installed sse.so would be loaded instead of the one just built:
# PHP then scans a copy of its ini directory without it.
hide_installed_extension() {
    "$PHP" -r 'exit((int) !extension_loaded("sse"));' 2>/dev/null || return 0
    [ -z "${PHP_INI_SCAN_DIR:-}" ] || die "PHP_INI_SCAN_DIR=$PHP_INI_SCAN_DIR loads an installed sse extension; take it out there first."
    rm -rf target/php-ini
    mkdir -p target/php-ini
    for ini in "$("$PHP" -r 'echo PHP_CONFIG_FILE_SCAN_DIR;')"/*.ini; do
        grep -Eq '^[[:space:]]*extension[[:space:]]*=[[:space:]]*"?(.*/)?sse(\.so)?"?[[:space:]]*$' "$ini" || cp "$ini" target/php-ini/
    done
    PHP_INI_SCAN_DIR=$PWD/target/php-ini
    export PHP_INI_SCAN_DIR
}

# The JavaScript packages of the tests, as their lock file says.
install_node_modules() {
    (
        cd tests
        cmp -s package-lock.json node_modules/installed-lock.json || { npm ci && cp package-lock.json node_modules/installed-lock.json; }
    )
}

# A Node.js of at least version $1; prints nothing where there is none.
find_node() {
    for node_candidate in node "$PWD"/target/node/node_modules/node-linux-*/bin/node; do
        if have "$node_candidate" && [ "$(printf '%s\n' "v$1" "$("$node_candidate" --version)" | sort -V | head -n 1)" = "v$1" ]; then
            command -v "$node_candidate"
            return
        fi
    done
}
