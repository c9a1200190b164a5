# shellcheck shell=bash disable=SC2164,SC2054 # checks run under set -e; commas belong to the flags
# Every c-tests/*.c and *.cpp is a program that exits with 0 when all is well. Each is built against the shared library and
# against the archive, and run plainly, under valgrind, and with AddressSanitizer and UndefinedBehaviorSanitizer.
#
# In its first lines a program may say `test-skip: valgrind (why)` or `test-skip: sanitizers (why)`.
# LIFECYCLE_TEST_SCALE=small is in its environment where it runs slowly: then a hundredth of the rounds will do.

program_flags=(-Wall -Wextra -Wpedantic -Werror -g -D_GNU_SOURCE "-DCARGO_VERSION=\"$VERSION\"" "-DCARGO_ABI=$ABI"
    -Iinclude -Ic-tests)
sanitize=(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
memcheck=(valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite,indirect,possible
    --show-leak-kinds=definite,indirect,possible --error-exitcode=9)
limit=(timeout -k 10 900)
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1

build() { # program, source, shared or archive, more flags
    local how=("-L$DIST" "-Wl,-rpath,$DIST" -llifecycle)
    [ "$3" = shared ] || how=("$DIST/liblifecycle.a")
    local compiler=("$CC" -std=c11)
    [[ $2 == *.c ]] || compiler=("$CXX" -std=c++17)
    "${compiler[@]}" "${program_flags[@]}" "${@:4}" -o "$1" "$2" "${how[@]}" "${LIBS[@]}" -pthread
}

scratch() { # a folder of its own to run in
    mkdir -p "$1.cwd"
    cd "$1.cwd"
}

run_plain() { # source, library
    local program=$WORK/${1##*/}.$2
    build "$program" "$1" "$2" -O1
    scratch "$program"
    "${limit[@]}" "$program"
}
run_valgrind() {
    local program=$WORK/${1##*/}.$2.valgrind
    build "$program" "$1" "$2" -O1
    scratch "$program"
    LIFECYCLE_TEST_SCALE=small "${limit[@]}" "${memcheck[@]}" "$program"
}
build_sanitized() { # program, source, library: and it is really in
    build "$1" "$2" "$3" -O1 "${sanitize[@]}"
    nm "$1" | grep -q __asan_init || { echo "AddressSanitizer is not in $1"; return 1; }
    nm "$1" | grep -q __ubsan || echo "(no check of UndefinedBehaviorSanitizer applied)"
}
run_sanitized() {
    local program=$WORK/${1##*/}.$2.sanitized
    build_sanitized "$program" "$1" "$2"
    scratch "$program"
    "${limit[@]}" "$program"
}

# Programs that must die: the fault is one in the use of the library, and the tools must see it in a stock build.
dies_sanitized() { # source, library, argument
    local program=$WORK/${1##*/}.$2.sanitized.$3 status=0
    build_sanitized "$program" "$1" "$2"
    scratch "$program"
    "${limit[@]}" "$program" "$3" >out 2>&1 || status=$?
    cat out
    [ $status != 0 ] && grep -q 'ERROR: AddressSanitizer: use-after-poison' out
}
dies_valgrind() {
    local program=$WORK/${1##*/}.$2.valgrind.$3 status=0
    build "$program" "$1" "$2" -O1
    scratch "$program"
    LIFECYCLE_TEST_SCALE=small "${limit[@]}" "${memcheck[@]}" "$program" "$3" >out 2>&1 || status=$?
    cat out
    [ $status = 9 ] && grep -qE 'Invalid (read|write)' out
}

for source in c-tests/*.c c-tests/*.cpp; do
    base=${source##*/}
    if [[ $base == *.cpp ]] && ! have "$CXX"; then
        skip "$base" "no $CXX"
        continue
    fi
    if [ "$base" = arena_poison.c ]; then
        for library in shared archive; do
            for fault in reset rewind grow shrink; do
                check "$base $fault: AddressSanitizer sees it ($library)" dies_sanitized "$source" $library $fault
                if have valgrind; then
                    check "$base $fault: valgrind sees it ($library)" dies_valgrind "$source" $library $fault
                else
                    skip "$base $fault: valgrind sees it ($library)" "no valgrind"
                fi
            done
        done
        continue
    fi
    # The slow ones first: the processors are busy to the end that way.
    for library in shared archive; do
        if ! have valgrind; then
            skip "$base ($library, valgrind)" "no valgrind"
        elif reason=$(sed -n '1,20s/.*test-skip: valgrind *(\(.*\)).*/\1/p' "$source") && [ -n "$reason" ]; then
            skip "$base ($library, valgrind)" "$reason"
        else
            check "$base ($library, valgrind)" run_valgrind "$source" $library
        fi
        if reason=$(sed -n '1,20s/.*test-skip: sanitizers *(\(.*\)).*/\1/p' "$source") && [ -n "$reason" ]; then
            skip "$base ($library, sanitizers)" "$reason"
        else
            check "$base ($library, sanitizers)" run_sanitized "$source" $library
        fi
        check "$base ($library)" run_plain "$source" $library
    done
done
