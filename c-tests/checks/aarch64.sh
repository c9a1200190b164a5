# shellcheck shell=bash disable=SC2164 # checks run under set -e
# The library for aarch64, built here and run under qemu's user mode: the machine code of its own (stubs, trampoline,
# veneers) and all around it. Needs Rust's aarch64 library, a cross compiler and qemu-user.
#
# qemu before 8.1 keeps what it has translated when code is written at another address than it runs at (`ic ivau` does
# nothing there), so what uses an address twice runs with private pages.

aarch64_target=aarch64-unknown-linux-gnu
aarch64_cc=aarch64-linux-gnu-gcc
aarch64_library=$PWD/target/aarch64/$aarch64_target/release/liblifecycle.a
# make exports CC, which is the compiler for this machine.
export CC_aarch64_unknown_linux_gnu=$aarch64_cc CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$aarch64_cc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"

aarch64_build() {
    rustup target add "$aarch64_target"
    "$CARGO" rustc --release --lib --crate-type staticlib --target "$aarch64_target" --target-dir target/aarch64
}
aarch64_failed() {
    tail -n 40 "$WORK/aarch64-build.log"
    return 1
}
aarch64_unit_tests() {
    "$CARGO" test --lib --target "$aarch64_target" --target-dir target/aarch64 code::relocate
}
aarch64_run() { # source, more flags
    local program=$WORK/${1##*/}.aarch64
    "$aarch64_cc" -std=c11 -Wall -Wextra -Wpedantic -Werror -g -O1 -D_GNU_SOURCE -Iinclude -Ic-tests "${@:2}" \
        -o "$program" "$1" "$aarch64_library" "${LIBS[@]}" -pthread
    mkdir -p "$program.cwd"
    cd "$program.cwd"
    LIFECYCLE_TEST_SCALE=small timeout -k 10 900 qemu-aarch64 -L /usr/aarch64-linux-gnu "$program"
}

c-tests/setup.sh aarch64
if ! have "$aarch64_cc" || ! have qemu-aarch64; then
    skip aarch64 "no $aarch64_cc or no qemu-aarch64 (Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)"
elif ! have rustup; then
    skip aarch64 "no rustup to install Rust's library for $aarch64_target"
elif aarch64_build >"$WORK/aarch64-build.log" 2>&1; then
    for source in code relocations symbols values_evals values_lists values_persistent values_strings; do
        check "$source.c (aarch64)" aarch64_run "c-tests/$source.c"
    done
    for source in arena_code batch code entries entry_use epochs hazards_code hazards_life readers; do
        check "$source.c (aarch64, private pages)" aarch64_run "c-tests/$source.c" -DLIFECYCLE_TEST_MPROTECT
    done
    wait
    check "unit tests of relocations (aarch64)" aarch64_unit_tests
else
    check "aarch64: builds" aarch64_failed
fi
