#!/usr/bin/env bash
# Runs checks, at most one a processor at a time, and counts them: c-tests/run.sh GROUP...
#
# A group is a file in c-tests/checks; it calls `check NAME COMMAND...` (or `skip NAME REASON`) for each of its checks.
# A check is one line; its output (the end of it) is shown only when it fails. The last line is "N passed, N failed". Called by make,
# which builds the libraries first and says where they are.
set -u
cd "$(dirname "$0")/.." || exit 1

: "${CC:=cc}" "${CXX:=c++}" "${CARGO:=cargo}" "${DIST:=target/dist}" "${EXAMPLES:=target/dist-examples}"
: "${VERSION:=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)}"
: "${ABI:=$(sed -n 's/^metadata.abi = //p' Cargo.toml)}"
: "${NATIVE_LIBS:=-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc}"
DIST=$(realpath "$DIST")
# shellcheck disable=SC2034 # for the groups
read -ra LIBS <<<"$NATIVE_LIBS"
JOBS=${JOBS:-$(nproc)}
WORK=$PWD/target/checks
rm -rf "$WORK" && mkdir -p "$WORK"
: >"$WORK/passed" && : >"$WORK/failed" && : >"$WORK/skipped"
export LC_ALL=C

have() { command -v "$1" >/dev/null 2>&1; }

number=0
check() { # name, command and its arguments: passes if the command succeeds
    local name=$1
    shift
    number=$((number + 1))
    while (($(jobs -rp | wc -l) >= JOBS)); do wait -n; done
    one "$name" "$WORK/log.$number" "$@" &
}

one() {
    local name=$1 log=$2 start=$SECONDS
    shift 2
    # Not as a condition: that would switch off `set -e` inside the command. The limit is for a check that hangs.
    (set -e; "$@") >"$log" 2>&1 </dev/null
    local status=$?
    if [ $status = 0 ]; then
        echo "ok       $name$( ((SECONDS - start > 9)) && echo " ($((SECONDS - start)) s)")"
        echo 1 >>"$WORK/passed"
    else
        printf 'FAILED   %s\n%s\n' "$name" "$(tail -n 40 "$log" | sed 's/^/    | /')"
        echo 1 >>"$WORK/failed"
    fi
}

skip() { # name, reason
    echo "skipped  $1: $2"
    echo 1 >>"$WORK/skipped"
}

counted() { # group counter, how many: for a runner that counts by itself
    local i
    for ((i = 0; i < $2; i++)); do echo 1; done >>"$WORK/$1"
}

for group in "$@"; do
    # shellcheck source=/dev/null
    . "c-tests/checks/$group.sh"
    wait
done

total() { wc -l <"$WORK/$1" | tr -d ' '; }
skipped=$(total skipped)
echo "$(total passed) passed, $(total failed) failed$( ((skipped)) && echo ", $skipped skipped")"
[ "$(total failed)" = 0 ] && [ "$(($(total passed) + skipped))" != 0 ]
