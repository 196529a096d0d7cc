#!/bin/sh
# Installs the extension for the PHP that php-config names; with --remove takes it out again.
#
#   PHP_CONFIG  another php-config
#   SSE_DIR     where events are kept (default: what the ini file says, else /var/lib/php-sse)
#   WEB_GROUP   the group that shares them: the web server's, and of everyone who pushes from a shell
#   DESTDIR     a root to install below, for packages
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

DEFAULT_DIR=/var/lib/php-sse
# Where hubs have their sockets: each user makes a directory in it.
RUN_DIR=/run/php-sse
DESTDIR=${DESTDIR:-}
# Messages name the paths that files have in the end.
below=${DESTDIR:+, below $DESTDIR}
tmpfiles=$DESTDIR/usr/lib/tmpfiles.d/php-sse.conf

find_php
version=$("$PHP_CONFIG" --version | cut -d. -f1,2)
library="$DESTDIR$("$PHP_CONFIG" --extension-dir)/sse.so"

# Where this PHP scans for ini files. Debian keeps one for all its SAPIs and links it from each.
debian_ini=/etc/php/$version/mods-available
scan_dir=$("$PHP" -r 'echo PHP_CONFIG_FILE_SCAN_DIR;')
case "$scan_dir" in
    "/etc/php/$version/"*) is_debian=yes ini="$DESTDIR$debian_ini/sse.ini" ;;
    '') is_debian=no ini= ;;
    *) is_debian=no ini="$DESTDIR$scan_dir/sse.ini" ;;
esac

chosen_dir=${SSE_DIR:-}
installed_dir=$(sed -n 's/^sse\.dir *= *//p' "$ini" 2>/dev/null || true)
SSE_DIR=${SSE_DIR:-${installed_dir:-$DEFAULT_DIR}}

# The group that PHP-FPM's pool names, else the first usual one that exists here.
web_group() {
    named=$(sed -n 's/^[[:space:]]*group[[:space:]]*=[[:space:]]*\([A-Za-z_][A-Za-z0-9_-]*\).*/\1/p' \
        "/etc/php/$version/fpm/pool.d/"*.conf "$("$PHP_CONFIG" --prefix)/etc/php-fpm.d/"*.conf 2>/dev/null | head -n 1)
    for group in $named www-data apache nginx http; do
        ! getent group "$group" >/dev/null || { echo "$group"; return; }
    done
}

remove() {
    if [ $is_debian = yes ] && [ -z "$DESTDIR" ] && [ -f "$ini" ]; then
        phpdismod -v "$version" sse
    fi
    rm -f "$library" ${ini:+"$ini"}
    remove_run_dir
    say "Removed sse from $PHP$below. PHP-FPM and Apache need a restart."
    say "The events in $SSE_DIR stay; remove that directory if nobody needs them."
}

# /run is empty after a boot: systemd makes the directory again.
make_run_dir() {
    if [ -n "$DESTDIR" ]; then
        install -d "$(dirname "$tmpfiles")"
    elif [ "$(id -u)" = 0 ]; then
        install -d -m 1777 -o root -g root "$RUN_DIR"
    fi
    if [ -d "$(dirname "$tmpfiles")" ] && [ -w "$(dirname "$tmpfiles")" ]; then
        printf 'd %s 1777 root root -\n' "$RUN_DIR" >"$tmpfiles"
        chmod 644 "$tmpfiles"
    elif [ -d "$RUN_DIR" ]; then
        say "There is no systemd: after the next boot $RUN_DIR is gone, and hubs are in the temporary directory."
    fi
}

remove_run_dir() {
    if [ -n "$DESTDIR" ] || [ "$(id -u)" = 0 ]; then
        rm -f "$tmpfiles"
        # A hub that still runs there notices and ends, and its clients come back.
        rm -rf "$DESTDIR$RUN_DIR"
    fi
}

install_files() {
    if have cargo; then
        dev/build.sh
    elif [ ! -f target/release/libsse.so ]; then
        die "root has no cargo here: run 'make build' as yourself, then 'sudo make install'."
    fi
    group=${WEB_GROUP:-$(web_group)}
    [ -n "$group" ] || die "Which group runs PHP on the web? Name it: sudo make install WEB_GROUP=..."

    # Replaced in one step: PHP may have the old one loaded, and writing into it would crash it.
    install -d "$(dirname "$library")"
    install -m 644 target/release/libsse.so "$library.new"
    mv -f "$library.new" "$library"

    if [ -n "$ini" ]; then
        install -d "$(dirname "$ini")"
        # Settings that someone wrote into it stay.
        [ -f "$ini" ] || printf '; priority=30\nextension=sse\n' >"$ini"
        if [ -n "$chosen_dir" ]; then
            sed -i '/^sse\.dir *=/d' "$ini"
            printf 'sse.dir=%s\n' "$SSE_DIR" >>"$ini"
        fi
        chmod 644 "$ini"
    else
        say "This PHP scans no directory for ini files: put extension=sse into its php.ini."
    fi
    if [ $is_debian = yes ] && [ -z "$DESTDIR" ]; then
        phpenmod -v "$version" sse
    fi

    # Set-group-id: whoever writes first, the others can write too.
    install -d -m 2770 -g "$group" "$DESTDIR$SSE_DIR"
    make_run_dir

    if [ -z "$DESTDIR" ] && [ -n "$ini" ]; then
        "$PHP" -r 'exit((int) !extension_loaded("sse"));' || die "Installed, but $PHP does not load it; see the warning above."
    fi
    say "Installed sse for $PHP$below: ${library#"$DESTDIR"}${ini:+, ${ini#"$DESTDIR"}}"
    say "Events are kept in $SSE_DIR, shared with the group $group: who pushes from a shell must be in it."
    say "PHP-FPM and Apache load it with their next restart."
}

if [ "$(id -u)" != 0 ] && [ -z "$DESTDIR" ] && [ ! -w "$(dirname "$library")" ]; then
    die "Only root can write to $(dirname "$library"): sudo make ${1:+un}install"
fi
if [ "${1:-}" = --remove ]; then
    remove
else
    install_files
fi
