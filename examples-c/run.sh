#!/bin/sh
# Runs minirt on every program and compares with what it must print; then the closing table.
# environment: MINIRT=path/to/minirt (default: the one that make built), CYCLES=1000 for the table
set -u
here=$(cd "$(dirname "$0")" && pwd)
programs=$here/programs
# shellcheck source=examples-c/verdicts.sh
. "$here/verdicts.sh"
MINIRT=$(program "${MINIRT:-$here/../${EXAMPLES:-target/dist-examples}/minirt}")
cycles=${CYCLES:-1000}
cache=$work/cache

good="primes sort_demo queens json_demo building calculator tree_demo matrix numbers_demo words codec machine higher
      life keeping shallow"
bad="broken unknown_name runaway runaway_native division no_module no_name knot cycle_a deep_00"

# Where there is no JIT, modules own no compiler context and there is nothing to evict.
has_jit() { [ "$(uname -m)" = x86_64 ] && [ -z "${MINIRT_NO_JIT:-}" ]; }
portable() {
    if has_jit; then cat; else sed -e 's/[0-9]* resources/some resources/' -e 's/^[0-9]* evicted/some evicted/'; fi
}

# expect_of NAME EXPECTED-FILE STATUS COMMAND...: runs it among the programs and compares output and exit status
expect_of() {
    name=$1 file=$programs/expected/$2.txt want=$3
    shift 3
    (cd "$programs" && "$@") >"$work/out" 2>&1 </dev/null
    got=$?
    portable <"$work/out" >"$work/got"
    portable <"$file" >"$work/want"
    if [ "$got" -eq "$want" ] && cmp -s "$work/got" "$work/want"; then
        verdict "$name" 0
    else
        echo "exit status $got, expected $want"
        diff "$work/want" "$work/got"
        verdict "$name" 1
    fi
}

with_cache() { MINIRT_CACHE=$cache "$MINIRT" "$@"; }
without_cache() { MINIRT_CACHE='' "$MINIRT" "$@"; }
interpreted() { MINIRT_CACHE='' MINIRT_NO_JIT=1 "$MINIRT" "$@"; }
repl() { MINIRT_CACHE='' "$MINIRT" repl <repl_session.txt; }

for p in $good; do
    expect_of "$p" "$p" 0 with_cache run "$p.mrt"
    expect_of "$p, from the cache" "$p" 0 with_cache run "$p.mrt"
    expect_of "$p, interpreted" "$p" 0 interpreted run "$p.mrt"
done
for p in $bad; do
    expect_of "$p, an error" "$p" 1 without_cache run "$p.mrt"
    expect_of "$p, an error, interpreted" "$p" 1 interpreted run "$p.mrt"
done
# With a code budget that nearly nothing fits in, functions are evicted and compiled again while the programs run: the
# same answers. What was evicted is told in a last line.
budgeted() {
    MINIRT_CACHE='' "$MINIRT" --code-budget 64 run "$@" 2>"$work/errors"
    status=$?
    sed '/^code budget: /d' "$work/errors"
    sed -n '/^code budget: /p' "$work/errors" >>"$work/budget"
    return $status
}
if has_jit; then
    # Tools that are slow see those programs in which much is evicted.
    under_budget=$good
    [ "$cycles" -ne 0 ] || under_budget="primes calculator numbers_demo"
    for p in $under_budget; do expect_of "$p, under a code budget" "$p" 0 budgeted "$p.mrt"; done
    awk '{ evicted += $3; again += $5 }
         END { print evicted " evicted, " again " compiled again"; exit !(evicted && again) }' "$work/budget"
    verdict "code budget: functions were evicted and compiled again" $?
fi
expect_of "repl: definitions, reload, unload, sweep" repl 0 repl

# A damaged cache is as good as none.
for f in "$cache"/*.smf; do printf 'x' | dd of="$f" bs=1 seek=20 conv=notrunc 2>/dev/null; done
expect_of "numbers_demo, damaged cache" numbers_demo 0 with_cache run numbers_demo.mrt

"$MINIRT" >/dev/null 2>&1
[ $? -eq 2 ]
verdict "usage" $?

# The closing table: all that runs without an error, loaded together and unloaded, again and again.
# CYCLES=0 leaves it out, for tools under which a process never gives memory back.
if [ "$cycles" -ne 0 ]; then
    files=
    for p in $good; do files="$files $programs/$p.mrt"; done
    # shellcheck disable=SC2086  # the list is split on purpose
    (cd "$work" && MINIRT_CACHE=$cache "$MINIRT" table "$cycles" $files) >"$work/table"
    status=$?
    cat "$work/table"
    echo
    verdict "table: nothing left after $cycles cycles" $status
    # A class that was never held proves nothing by being empty at the end.
    if has_jit; then
        ! grep -E ' 0 +0 +0$' "$work/table"
        verdict "table: every class was held" $?
    fi
fi

totals
