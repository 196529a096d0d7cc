#!/bin/sh
# Several processes at once, through the extension: crowds, users, full disks, limits.
#
#   tests/system/run.sh            all of cases/
#   tests/system/run.sh crowd disk some of them
#
# A case ends with 0, with 77 if this machine can't do it, or prints what went wrong.
# SSE_EXTENSION is the extension to test, SSE_PHP the PHP that loads it.
set -eu
cd "$(dirname "$0")/../.."
. dev/lib.sh
SSE_EXTENSION=${SSE_EXTENSION:-$PWD/target/release/libsse.so}
SSE_PHP=${SSE_PHP:-php}
export SSE_EXTENSION

passed=0 failed=0
[ $# -gt 0 ] || set -- $(cd tests/system/cases && ls ./*.php)
for case in "$@"; do
    case=$(basename "$case" .php)
    code=0
    said=$("$SSE_PHP" "tests/system/cases/$case.php") || code=$?
    case $code in
        0) passed=$((passed + 1)) && echo "$case: $said" ;;
        77) skipped "tests/system/cases/$case.php: $said" ;;
        *) failed=$((failed + 1)) && echo "$case: FAILED: $said" ;;
    esac
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
