# shellcheck shell=bash disable=SC2164 # checks run under set -e
# The programs with more than one thread under valgrind's helgrind, with the libraries as they are shipped: they tell it of
# their locks and of memory that is used by atomic operations alone (src/shim/shim.c), so that it reports nothing of theirs,
# without a file of suppressions, and still everything of the host's.

helgrind=(valgrind --tool=helgrind --quiet --error-exitcode=9)

helgrind_build() { # program, source, shared or archive
    local how=("-L$DIST" "-Wl,-rpath,$DIST" -llifecycle)
    [ "$3" = shared ] || how=("$DIST/liblifecycle.a")
    "$CC" -std=c11 -Wall -Wextra -Wpedantic -Werror -g -O1 -D_GNU_SOURCE -Iinclude -Ic-tests -o "$1" "$2" "${how[@]}" \
        "${LIBS[@]}" -pthread
    mkdir -p "$1.cwd"
    cd "$1.cwd"
}
helgrind_run() { # source, library
    local program=$WORK/${1##*/}.$2.helgrind
    helgrind_build "$program" "$1" "$2"
    LIFECYCLE_TEST_SCALE=small timeout -k 10 300 "${helgrind[@]}" "$program"
}
# It is really watching, beside the library's locks too: two threads that call the library share a number of the host's.
helgrind_sees_a_race() { # source, library
    local program=$WORK/${1##*/}.$2.helgrind.race status=0
    helgrind_build "$program" "$1" "$2"
    LIFECYCLE_TEST_SCALE=small timeout -k 10 300 "${helgrind[@]}" "$program" race >out 2>&1 || status=$?
    cat out
    [ $status = 9 ] && grep -q 'Possible data race' out && grep -q 'race_with_another' out
}

if ! have valgrind; then
    skip helgrind "no valgrind"
else
    for library in shared archive; do
        for source in stress threads; do
            check "$source.c (helgrind, $library)" helgrind_run "c-tests/$source.c" $library
        done
        check "stress.c: a race of the host's is seen (helgrind, $library)" helgrind_sees_a_race c-tests/stress.c $library
    done
fi
