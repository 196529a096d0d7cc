# shellcheck shell=sh disable=SC2034 # some is for those who source it
# What the shell scripts in dev/ share: where programs are, how packages are installed, and how something is said.
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

# Says that a test is skipped, and writes it down where somebody gathers them (make test).
skipped() {
    say "SKIPPED: $*"
    [ -z "${SSE_SKIPPED:-}" ] || printf '%s\n' "$*" >>"$SSE_SKIPPED"
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

# run_phpt [option …] FILE …: phpt files by PHP's own runner.
run_phpt() {
    run_tests=$(find_run_tests)
    NO_INTERACTION=1 REPORT_EXIT_STATUS=1 TEST_PHP_EXECUTABLE=$PHP "$PHP" "$run_tests" -q -j2 --show-diff "$@"
}

# PHP's own runner of phpt files.
find_run_tests() {
    extension_dir=$("$PHP_CONFIG" --extension-dir)
    for run_tests in "$extension_dir/build" "$extension_dir/../../build" "$("$PHP_CONFIG" --prefix)/lib/php/build"; do
        [ ! -f "$run_tests/run-tests.php" ] || { echo "$run_tests/run-tests.php"; return; }
    done
    die "run-tests.php is not where PHP's development package puts it."
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

# Runs files of tests by Node's own runner, one after the other. What says nothing of plain PHP is no lack of the machine.
run_node_tests() {
    mkdir -p target
    : >target/node.tap
    run_node_tests_status=0
    "$NODE" --test --test-concurrency=1 --test-timeout=300000 --test-reporter=spec --test-reporter-destination=stdout \
        --test-reporter=tap --test-reporter-destination=target/node.tap "$@" || run_node_tests_status=$?
    sed -n '/# SKIP plain PHP: /d; s/^ *ok [0-9]* - \(.*\) # SKIP *\(.*\)/\1: \2/p' target/node.tap | while IFS= read -r line; do skipped "$line"; done
    return $run_node_tests_status
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

# composer_install DIR: installs a package's dependencies, anew when its composer.json changed or one of ours that it requires.
# Fails where Composer can't find CakePHP; COMPOSER_PROBLEM says why then.
composer_install() {
    stamp=$(cat "$1/composer.json" cakephp-plugin/composer.json tools/composer.json php/composer.json | cksum)
    [ "$(cat "$1/vendor/installed-for" 2>/dev/null)" != "$stamp" ] || return 0
    mkdir -p target
    if run_composer "$1" update >target/composer.log 2>&1; then
        echo "$stamp" >"$1/vendor/installed-for"
        return 0
    fi
    ! run_composer "$1" show --all cakephp/cakephp >/dev/null 2>&1 ||
        die "Composer finds CakePHP, but could not install the packages of $1: $(cat target/composer.log)"
    COMPOSER_PROBLEM=$(grep -Ev '^ *$|^ *update \[' target/composer.log | tail -n 4 | tr -s ' \n' ' ' | cut -c 1-400)
    return 1
}

# run_composer DIR COMMAND [option …]
run_composer() {
    # COLUMNS: its messages are not to be broken into lines.
    COLUMNS=400 COMPOSER_ALLOW_SUPERUSER=1 "$PHP" "$(command -v composer)" --no-interaction --working-dir="$@" </dev/null
}
