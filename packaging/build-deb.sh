#!/bin/sh
# Builds a Debian package of the extension for the PHP that php-config names, into target/deb; prints its path.
#
#   DEB_REVISION           what follows the version (default: 1)
#   DEBFULLNAME, DEBEMAIL  who is named as its maintainer (default: the contributors, and who made the last commit)
#
# dpkg-buildpackage does the work, in target/deb/tree: what was built, and debian/, made of packaging/debian.
set -eu
cd "$(dirname "$0")/.."
. dev/lib.sh

for tool in dh dpkg-buildpackage; do
    have $tool || die "$tool is missing: apt-get install debhelper"
done
dev/build.sh >&2
find_php

php=$("$PHP_CONFIG" --version | cut -d. -f1,2)
api=$("$PHP_CONFIG" --phpapi 2>/dev/null) || api=
[ -n "$api" ] && [ -d "/etc/php/$php/mods-available" ] || die "$PHP_CONFIG is not of a PHP from a Debian package; use make install."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)-${DEB_REVISION:-1}
name=php$php-sse
tree=target/deb/tree

# fill FILE: what is between two @ in a template is put in.
fill() {
    sed -e "s|@PHP@|$php|g" -e "s|@API@|$api|g" -e "s|@EXTENSION_DIR@|$("$PHP_CONFIG" --extension-dir | cut -c2-)|g" \
        -e "s|@MAINTAINER@|$maintainer|g" -e "s|@COPYRIGHT@|$copyright|g" \
        -e "/@LICENSE@/{r $tree/license
d}" "$1"
}

rm -rf "$tree"
mkdir -p "$tree/debian/source" "$tree/docs" "$tree/stubs"
cp target/release/libsse.so "$tree/sse.so"
cp README.md "$tree/"
cp docs/*.md "$tree/docs/"
cp stubs/sse.stub.php "$tree/stubs/"

maintainer="${DEBFULLNAME:-the sse contributors} <${DEBEMAIL:-$(git log -1 --format=%ce)}>"
copyright=$(sed -n 's/^Copyright (c) //p' LICENSE)
sed -e '1,/^Copyright/d' -e 's/^$/./' -e 's/^/ /' LICENSE | tail -n +2 >"$tree/license"
for template in packaging/debian/*; do
    target=$tree/debian/$(basename "$template")
    case "$target" in
        */sse.ini) target=$tree/sse.ini ;;
        */service | */tmpfiles | */lintian-overrides) target=$tree/debian/$name.$(basename "$template") ;;
    esac
    fill "$template" >"$target"
done
chmod +x "$tree/debian/rules"
echo '3.0 (native)' >"$tree/debian/source/format"

# The time of the commit: the same source makes the same package.
when=$(git log -1 --format=%cD)
cat >"$tree/debian/changelog" <<END
$name ($version) unstable; urgency=medium

  * Changes of each version: CHANGELOG.md in the source.

 -- $maintainer  $when
END

(cd "$tree" && dpkg-buildpackage --build=binary --no-sign --no-pre-clean) >target/deb/build.log 2>&1 || {
    cat target/deb/build.log >&2
    die "dpkg-buildpackage failed."
}
ls "$PWD/target/deb/${name}_${version}_$(dpkg --print-architecture).deb"
