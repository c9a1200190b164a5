#!/bin/sh
# Runs miniprolog on every program, without collections, with many, and with one and a verification at every
# safepoint, and compares with what it must print. What the portable programs must print is what SWI-Prolog 9.0.4
# prints; SWIPL=swipl checks that it still does.
# environment: MINIPROLOG=path/to/miniprolog (default: the one that make built), SCALE=small (shorter runs, for
# checkers)
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=examples-c/verdicts.sh
. "$here/../verdicts.sh"
MINIPROLOG=$(program "${MINIPROLOG:-$here/../../${EXAMPLES:-target/dist-examples}/miniprolog}")
scale=${SCALE:-full}
cd "$here/programs" || exit 1

# What is too long with a collection at every safepoint, or under a checker, takes an argument; the answer is the same.
goal() { # program mode
    short=$([ "$2" = stress ] || [ "$scale" = small ] && echo yes)
    case $1:$short in
    nrev:yes) echo 'main(10)' ;;
    queens:yes) echo 'main(6)' ;;
    deriv:yes) echo 'main(20)' ;;
    tak:yes) echo 'main(14)' ;;
    loop:yes) echo 'main(2000)' ;;
    backtrack:yes) echo 'main(5)' ;;
    database:yes) echo 'main(300)' ;;
    exceptions:yes) echo 'main(200)' ;;
    deep:yes) echo 'main(300)' ;;
    *) echo main ;;
    esac
}

for expected in *.expected; do
    p=${expected%.expected}
    [ -f "$p.pl" ] || continue
    status=$([ "$p" = errors ] && echo 1 || echo 0)
    expect "$p, collections off" "$expected" "$status" /dev/null "$MINIPROLOG" --gc=off "$p.pl" -g "$(goal "$p" off)"
    expect "$p, collections on" "$expected" "$status" /dev/null \
        "$MINIPROLOG" --threshold 1000 "$p.pl" -g "$(goal "$p" on)"
    expect "$p, stress" "$expected" "$status" /dev/null "$MINIPROLOG" --gc=stress "$p.pl" -g "$(goal "$p" stress)"
    if [ -n "${SWIPL:-}" ] && ! grep -q 'not for other systems' "$p.pl"; then
        expect "$p, by $SWIPL" "$expected" 0 /dev/null "$SWIPL" -q -g "$(goal "$p" off)" -t halt "$p.pl"
    fi
done

for gc in off on stress; do
    expect "dialogue, collections $gc" repl.expected 3 repl.txt "$MINIPROLOG" --gc=$gc
done

# Loops of 10^6 steps that build 10^7 cells: a small heap and a small stack do, for nothing piles up.
steps=$([ "$scale" = small ] && echo 20000 || echo 1000000)
expect "a long loop in 20000 cells" loop.expected 0 /dev/null \
    "$MINIPROLOG" --threshold 5000 --max-cells 20000 --stack 65536 loop.pl -g "main($steps)"
prints "without collections that fails" "out of heap" 1 \
    "$MINIPROLOG" --gc=off --max-cells 20000 --stack 65536 loop.pl -g "main($steps)"

# The C stack is a small one: nothing recurses as deep as a term is. A checker has stacks of its own.
if [ "$scale" = full ]; then
    expect "deep terms with a C stack of 512 KiB" deep.expected 0 /dev/null \
        sh -c 'ulimit -s 512; exec "$@"' sh "$MINIPROLOG" deep.pl -g main
fi

# What the machine has too little of is an error that a program can catch, and it goes on.
cat >"$work/limits.pl" <<'END_OF_PROGRAM'
grow(L) :- grow([x|L]).
deeper(N) :- M is N+1, deeper(M), n(_).
choices(N) :- M is N+1, choices(M).
choices(_).
caught(G) :- catch(G, error(E, _), true), writeq(E), nl.
counter(N) :- retract(n(N0)), N is N0+1, assertz(n(N)).
count(0) :- !.
count(K) :- counter(_), K1 is K-1, count(K1).
n(0).
:- dynamic(n/1).
END_OF_PROGRAM
for gc in off on; do
    prints "a full heap is an error, collections $gc" "resource_error(heap)" 0 \
        "$MINIPROLOG" --gc=$gc --max-cells 50000 "$work/limits.pl" -g 'caught(grow([]))' -g 'numlist(1,1000,_)'
done
prints "a full stack of environments is an error" "resource_error(local_stack)" 0 \
    "$MINIPROLOG" --stack 100000 "$work/limits.pl" -g 'caught(deeper(0))' -g 'numlist(1,1000,_)'
prints "a full stack of choicepoints is an error" "resource_error(local_stack)" 0 \
    "$MINIPROLOG" --stack 100000 "$work/limits.pl" -g 'caught(choices(0))' -g 'numlist(1,1000,_)'
prints "uncaught, it fails the goal" "out of heap" 1 \
    "$MINIPROLOG" --max-cells 50000 "$work/limits.pl" -g 'grow([])'

# The clauses that a counter leaves behind are freed while it runs.
prints "retracted clauses are freed" "clauses_reclaimed_in 9 passes" 0 \
    "$MINIPROLOG" --stats "$work/limits.pl" -g 'retractall(n(_)), assertz(n(0)), count(10000)'

prints "statistics" "% faults 0" 0 "$MINIPROLOG" --gc=stress --stats nrev.pl -g 'main(1)'
prints "garbage_collect/0 collects" "1" 0 "$MINIPROLOG" nrev.pl \
    -g 'garbage_collect, statistics(collections, N), write(N), nl'
prints "no such file" "source_sink" 1 "$MINIPROLOG" nosuch.pl -g true
prints "a goal that fails" "goal failed" 1 "$MINIPROLOG" nrev.pl -g fail
prints "exit status" "bye" 7 "$MINIPROLOG" -g 'write(bye), halt(7)'
prints "usage" "usage:" 2 "$MINIPROLOG" --nonsense

totals
