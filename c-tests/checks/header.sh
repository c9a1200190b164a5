# shellcheck shell=bash
# The header compiles wherever a user might include it. That it is up to date is a Rust test (tests/header.rs).

header_warnings=(-Wall -Wextra -Wpedantic -Wundef -Werror -O2 -Iinclude -Ic-tests/header -c)

header_c() { # compiler, standard
    local source out
    out=$(mktemp -p "$WORK" XXXXXX.o)
    for source in alone runtime_first runtime_after; do
        "$1" -std="$2" "${header_warnings[@]}" -Wstrict-prototypes -Wc++-compat "c-tests/header/$source.c" -o "$out"
    done
}
header_cxx() {
    local source out
    out=$(mktemp -p "$WORK" XXXXXX.o)
    for source in alone runtime_first runtime_after; do
        "$1" -std="$2" "${header_warnings[@]}" -x c++ "c-tests/header/$source.c" -o "$out"
    done
}

for pair in gcc:g++ clang:clang++; do
    for standard in c99 c11 c17 c2x; do
        if have "${pair%:*}"; then
            check "header: ${pair%:*} -std=$standard" header_c "${pair%:*}" "$standard"
        else
            skip "header: ${pair%:*} -std=$standard" "no ${pair%:*}"
        fi
    done
    for standard in c++11 c++17 c++20; do
        if have "${pair#*:}"; then
            check "header: ${pair#*:} -std=$standard" header_cxx "${pair#*:}" "$standard"
        else
            skip "header: ${pair#*:} -std=$standard" "no ${pair#*:}"
        fi
    done
done

# With `make test` the Rust tests have told already.
case " $* " in *" rust "*) ;; *) check "header: up to date" "$CARGO" test --quiet --test header ;; esac
