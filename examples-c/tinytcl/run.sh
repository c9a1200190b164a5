#!/bin/sh
# Runs tinytcl on every script and compares with what it must print; then the dialogue, errors, and memory that must be
# flat over many evals. What the scripts must print is what Tcl 8.6.13 prints; TCLSH=tclsh checks that it still does.
# environment: TINYTCL=path/to/tinytcl (default: the one that make built), EVALS="10000 1000000" for the stress script
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples-c/verdicts.sh
. "$here/../verdicts.sh"
TINYTCL=$(program "${TINYTCL:-$here/../../${EXAMPLES:-target/dist-examples}/tinytcl}")
evals=${EVALS:-10000 1000000}
cd "$here/scripts" || exit 1

for expected in *.out; do
    p=${expected%.out}
    [ -f "$p.tcl" ] || continue
    expect "$p" "$expected" 0 /dev/null "$TINYTCL" "$p.tcl"
    if [ -n "${TCLSH:-}" ]; then expect "$p, by $TCLSH" "$expected" 0 /dev/null "$TCLSH" "$p.tcl"; fi
done

expect "dialogue" repl_session.out 3 repl_session.txt "$TINYTCL"
expect "variables, procedures and traces across evals" across.out 0 across.txt "$TINYTCL"

# Errors at the top level: told with their story, status 1, and everything given back.
cat >"$work/error.tcl" <<'END'
proc f x {
    g $x
}
proc g x { error "no $x today" }
trace add variable v write {apply {args {error "not $args"}}}
catch {set v 1}
f milk
END
prints "an error tells where" '(procedure "f" line 2)' 1 "$TINYTCL" "$work/error.tcl"
prints "an error tells the file" "error.tcl\" line 7)" 1 "$TINYTCL" "$work/error.tcl"
prints "no such file" "couldn't read file" 1 "$TINYTCL" "$work/nosuch.tcl"
echo 'set l {}; for {set i 0} {$i < 20000} {incr i} {set l [list $l]}; puts [string length $l]' >"$work/nested.tcl"
prints "a list nested too deep has no text" "nested more than" 1 "$TINYTCL" "$work/nested.tcl"
echo 'exit 7' >"$work/exit.tcl"
"$TINYTCL" "$work/exit.tcl"
[ $? -eq 7 ]
verdict "exit status" $?
"$TINYTCL" --nonsense >/dev/null 2>&1
[ $? -eq 2 ]
verdict "usage" $?
echo 'puts $argc:$argv:[file tail $argv0]' >"$work/args.tcl"
[ "$("$TINYTCL" "$work/args.tcl" a 'b c')" = "2:a {b c}:args.tcl" ]
verdict "arguments" $?
"$TINYTCL" --stats fib.tcl | grep -q '^memory at the end: scratch_handles 0 '
verdict "statistics: no handle is left" $?

# A loop of many rounds in one eval: its scratch memory is that of a short one.
high_water() {
    printf 'proc f n {expr {$n+1}}\nfor {set i 1000000} {$i < 1000000 + %s} {incr i} {set s "round $i"; f $i; list $i [list a $s]}\n' "$1" \
        >"$work/loop.tcl"
    "$TINYTCL" --stats "$work/loop.tcl" | sed 's/.*high_water \([0-9]*\).*/\1/'
}
most=${evals##* }
short=$(high_water 1000)
long=$(high_water $((most / 10 + 1000)))
[ -n "$short" ] && [ "$short" = "$long" ]
status=$?
[ "$status" -eq 0 ] || echo "scratch memory of a short loop: $short bytes, of a long one: $long"
verdict "a loop of $((most / 10 + 1000)) rounds needs no more than one of 1000" "$status"

# The same evals again and again: memory to the byte what it was.
for n in $evals; do
    "$TINYTCL" --evals "$n" stress.tcl
    verdict "stress: $n evals" $?
done
some=$(((${evals%% *} + 99) / 100))
for p in dicts namespaces traces cmdtraces errors closures objects upvars; do
    "$TINYTCL" --evals "$some" again.tcl "$p.tcl" >"$work/out" 2>&1
    status=$?
    [ "$status" -eq 0 ] || tail -5 "$work/out"
    verdict "$p: $some evals" "$status"
done
echo 'lappend grows x' >"$work/grows.tcl"
prints "memory that grows is told" "memory is not flat" 1 "$TINYTCL" --evals 100 "$work/grows.tcl"

totals
