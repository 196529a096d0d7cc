# shellcheck shell=sh
# What the scripts for CakePHP share: Composer, and the PHP extensions that CakePHP needs.
# Sourced after dev/lib.sh, with the repository's root as the working directory.

# Installs what is missing of Composer and of PHP's extensions, in the manner of dev/setup.sh.
setup_composer() {
    packages=
    have composer || packages="$packages composer"
    have unzip || packages="$packages unzip"
    for extension in intl:intl mbstring:mbstring simplexml:xml pdo_sqlite:sqlite3 zip:zip; do
        "$PHP" -r 'exit((int) !extension_loaded($argv[1]));' -- "${extension%:*}" || packages="$packages php-${extension#*:}"
    done
    [ -n "$packages" ] || return 0
    [ -z "$PHP_CONFIG_CHOSEN" ] || die "For CakePHP, this is missing beside $PHP:$packages"
    have apt-get || die "For CakePHP, this is missing, and there is no apt-get to install it; in Debian's names:$packages"
    if [ "$(id -u)" = 0 ]; then as_root=; else as_root=sudo; fi
    say "Installing what is missing:$packages"
    $as_root apt-get update -q >&2 || say "apt-get update failed; trying with the lists that are here."
    # shellcheck disable=SC2086 # a list of names
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages >&2 ||
        die "apt-get could not install:$packages"
}

# composer_install DIR: installs a package's dependencies, anew when its composer.json or the plugin's changed.
# Fails where Composer can't find CakePHP; COMPOSER_PROBLEM says why then.
composer_install() {
    stamp=$(cat "$1/composer.json" cakephp-plugin/composer.json | cksum)
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
