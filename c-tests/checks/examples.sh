# shellcheck shell=bash disable=SC2164 # checks run under set -e
# The examples run, linked to the archive and to the shared library (make has built them).

example() { # program
    local program
    program=$(realpath "$EXAMPLES/$1")
    mkdir -p "$WORK/example-$1"
    cd "$WORK/example-$1"
    timeout -k 10 300 "$program"
}

for source in examples-c/*.c; do
    [ -e "$source" ] || continue
    name=$(basename "$source" .c)
    check "example: $name (archive)" example "$name"
    check "example: $name (shared)" example "$name-shared"
done

# A larger example under valgrind, or built with sanitizers: each gives the path of what to run.
under_valgrind() { # program
    local wrapper=$WORK/$1-valgrind
    printf '#!/bin/sh\nexec %s "%s" "$@"\n' "valgrind --quiet --leak-check=full --error-exitcode=9 \
--errors-for-leak-kinds=definite,indirect,possible --show-leak-kinds=definite,indirect,possible" \
        "$(realpath "$EXAMPLES/$1")" >"$wrapper"
    chmod +x "$wrapper"
    echo "$wrapper"
}
sanitized() { # program, further libraries
    local program=$WORK/$1-sanitized sources=examples-c/$1
    shift
    "$CC" -std=c11 -O1 -g -D_POSIX_C_SOURCE=200809L -fsanitize=address,undefined -fno-sanitize-recover=undefined \
        -Iinclude "$sources"/*.c -o "$program" "$@" "$DIST/liblifecycle.a" "${LIBS[@]}" >&2 &&
        nm "$program" | grep -q __asan_init &&
        echo "$program"
}

# The small runtime runs its programs and compares what they print.
minirt() { # program
    MINIRT=$EXAMPLES/$1 CYCLES=200 examples-c/run.sh
}
minirt_valgrind() {
    local wrapper
    wrapper=$(under_valgrind minirt)
    MINIRT=$wrapper CYCLES=0 examples-c/run.sh
}
minirt_sanitized() {
    local program
    program=$(sanitized minirt)
    MINIRT=$program CYCLES=0 examples-c/run.sh
}
if [ -d examples-c/minirt ]; then
    check "example: minirt (archive, sanitizers)" minirt_sanitized
    if have valgrind; then
        check "example: minirt (archive, valgrind)" minirt_valgrind
    else
        skip "example: minirt (archive, valgrind)" "no valgrind"
    fi
    check "example: minirt (archive)" minirt minirt
    check "example: minirt (shared)" minirt minirt-shared
fi

# The Tcl that stores no value itself runs its scripts, and the stress script many times.
tinytcl() { # program evals
    TINYTCL=$EXAMPLES/$1 EVALS=$2 examples-c/tinytcl/run.sh
}
tinytcl_valgrind() {
    local wrapper
    wrapper=$(under_valgrind tinytcl)
    TINYTCL=$wrapper EVALS=100 examples-c/tinytcl/run.sh
}
tinytcl_sanitized() {
    local program
    program=$(sanitized tinytcl)
    TINYTCL=$program EVALS=1000 examples-c/tinytcl/run.sh
}
if [ -d examples-c/tinytcl ]; then
    check "example: tinytcl (archive, sanitizers)" tinytcl_sanitized
    if have valgrind; then
        check "example: tinytcl (archive, valgrind)" tinytcl_valgrind
    else
        skip "example: tinytcl (archive, valgrind)" "no valgrind"
    fi
    check "example: tinytcl (archive)" tinytcl tinytcl "10000 1000000"
    check "example: tinytcl (shared)" tinytcl tinytcl-shared "10000"
fi

# The Prolog on a heap runs its programs without collections, with them, and with one at every safepoint.
miniprolog() { # program
    MINIPROLOG=$EXAMPLES/$1 examples-c/miniprolog/run.sh
}
miniprolog_valgrind() {
    local wrapper
    wrapper=$(under_valgrind miniprolog)
    MINIPROLOG=$wrapper SCALE=small examples-c/miniprolog/run.sh
}
miniprolog_sanitized() {
    local program
    program=$(sanitized miniprolog)
    MINIPROLOG=$program examples-c/miniprolog/run.sh
}
if [ -d examples-c/miniprolog ]; then
    check "example: miniprolog (archive, sanitizers)" miniprolog_sanitized
    if have valgrind; then
        check "example: miniprolog (archive, valgrind)" miniprolog_valgrind
    else
        skip "example: miniprolog (archive, valgrind)" "no valgrind"
    fi
    check "example: miniprolog (archive)" miniprolog miniprolog
    check "example: miniprolog (shared)" miniprolog miniprolog-shared
fi

# The C compiler as a client: what its demo prints, and damaged objects. There is a binary where there is libtcc.
hotc() { # program
    HOTC=$EXAMPLES/$1 examples-c/hotc/run.sh
}
hotc_valgrind() {
    local wrapper
    wrapper=$(under_valgrind hotc)
    HOTC=$wrapper HOTC_WRAPPED=1 HOTC_STEP=101 examples-c/hotc/run.sh
}
hotc_sanitized() {
    local program
    program=$(sanitized hotc -ltcc)
    HOTC=$program examples-c/hotc/run.sh
}
if [ -x "$EXAMPLES/hotc" ]; then
    check "example: hotc (archive, sanitizers)" hotc_sanitized
    if have valgrind; then
        check "example: hotc (archive, valgrind)" hotc_valgrind
    else
        skip "example: hotc (archive, valgrind)" "no valgrind"
    fi
    check "example: hotc (archive)" hotc hotc
    check "example: hotc (shared)" hotc hotc-shared
else
    skip "example: hotc" "it needs x86-64, tcc and libtcc"
fi
