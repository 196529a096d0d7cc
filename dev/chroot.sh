# shellcheck shell=sh
# Other Debian systems, each in a directory. Sourced after dev/lib.sh, by root.

# make_system DIRECTORY RELEASE: a fresh one. Debian's experimental is sid, where the newest can be had too.
make_system() {
    [ "$(id -u)" = 0 ] || die "Only root can make another system and change to it."
    have debootstrap || die "debootstrap is missing: apt-get install debootstrap"
    mkdir -p "$(dirname "$1")"
    base=$2
    [ "$base" != experimental ] || base=sid
    # What debootstrap mounts is gone with it, also when it is interrupted.
    unshare --mount --pid --fork --kill-child --mount-proc debootstrap --variant=minbase "$base" "$1" >"$1.log" 2>&1 || {
        tail -n 20 "$1.log" >&2
        die "debootstrap could not make $base in $1."
    }
    [ "$base" = "$2" ] || sed -i "p; s/ $base / $2 /" "$1/etc/apt/sources.list"
    # What is tried here needs no newest mirror: one that is behind will do.
    echo 'Acquire::Check-Valid-Until "false";' >"$1/etc/apt/apt.conf.d/90mirror"
    # An installer would have written it.
    echo '127.0.0.1 localhost' >"$1/etc/hosts"
}

# inside DIRECTORY COMMAND …: runs it there. It has mounts and processes of its own, which end with it: nothing is left to
# unmount or to stop. $BIND ("FROM:TO …") says which directories of this system are seen there too.
inside() {
    export BIND
    # shellcheck disable=SC2016 # that shell's variables
    unshare --mount --pid --fork --kill-child sh -eu -c '
        system=$1
        shift
        mount -t proc proc "$system/proc"
        mount --rbind /dev "$system/dev"
        mount -t tmpfs tmpfs "$system/run"
        for pair in ${BIND:-}; do
            mkdir -p "$system/${pair#*:}"
            mount --bind "${pair%%:*}" "$system/${pair#*:}"
        done
        exec chroot "$system" env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
    ' sh "$@"
}
