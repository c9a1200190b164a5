#!/bin/sh
# Runs hotc's scripted demo and compares what it prints; then loads objects with damage in every place.
# environment: HOTC=path/to/hotc (default: the one that make built), HOTC_STEP=1 (damage every so many bytes),
#              HOTC_WRAPPED=1 (a tool runs hotc whose own memory is writable and executable)
set -u
here=$(cd "$(dirname "$0")" && pwd)
HOTC=${HOTC:-$here/../../${EXAMPLES:-target/dist-examples}/hotc}
if [ ! -x "$HOTC" ]; then
    echo "skipped hotc: it needs x86-64, tcc and libtcc (Debian: tcc, libtcc-dev)"
    exit 0
fi
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
trap 'exit 1' HUP INT TERM

"$HOTC" --demo "$here/programs" >"$out" 2>&1
status=$?
cat "$out"
[ "$status" -eq 0 ] || exit 1
if [ -n "${HOTC_WRAPPED:-}" ]; then
    sed '/^memory/d' "$here/expected.txt" >"$out.want"
    sed '/^memory/d' "$out" >"$out.got"
else
    cp "$here/expected.txt" "$out.want"
    cp "$out" "$out.got"
fi
diff "$out.want" "$out.got"
status=$?
rm -f "$out.want" "$out.got"
[ "$status" -eq 0 ] || { echo "hotc: not what it must print"; exit 1; }
"$HOTC" --damage "$here/programs/sort.c" "${HOTC_STEP:-1}"
