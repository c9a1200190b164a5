# shellcheck shell=bash disable=SC2164 # checks run under set -e
# The programs with more than one thread under ThreadSanitizer, which is built into the library, Rust's own included.
# Needs nightly Rust with its sources (rust-src). The sanitizer's runtime is the one that comes with Rust, so any
# compiler's that can put the calls in will do; gcc warns of fences, which clang knows.
#
# Debug assertions are on in this library: with them a thread that takes a lock out of the order of src/os/rank.rs fails its
# call with LIFECYCLE_E_PANIC, or ends the process where it forks.

tsan_target=x86_64-unknown-linux-gnu
tsan_library=$PWD/target/tsan/$tsan_target/release/liblifecycle.a
tsan_runtime=$(rustc +nightly --print sysroot 2>/dev/null)/lib/rustlib/$tsan_target/lib/librustc-nightly_rt.tsan.a
tsan_cc=$CC
have clang && tsan_cc=clang

tsan_library() {
    RUSTFLAGS="-Zsanitizer=thread -Cdebug-assertions=on" "$CARGO" +nightly build -Zbuild-std --target "$tsan_target" \
        --target-dir target/tsan --release
}
tsan_failed() {
    tail -n 40 "$WORK/tsan-build.log"
    return 1
}
tsan_sources() {
    [ -f "$(rustc +nightly --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ] ||
        rustup component add rust-src --toolchain nightly
}
tsan_run() { # source
    local program=$WORK/${1##*/}.tsan
    "$tsan_cc" -std=c11 -w -g -O1 -fsanitize=thread -D_GNU_SOURCE -Iinclude -Ic-tests -c "$1" -o "$program.o"
    "$CC" "$program.o" "$tsan_library" -Wl,--whole-archive "$tsan_runtime" -Wl,--no-whole-archive -Wl,--export-dynamic \
        "${LIBS[@]}" -pthread -o "$program"
    nm "$program.o" | grep -q __tsan_read || { echo "ThreadSanitizer is not in $1"; return 1; }
    mkdir -p "$program.cwd"
    cd "$program.cwd"
    LIFECYCLE_TEST_SCALE=small TSAN_OPTIONS=exitcode=66 timeout -k 10 900 "$program"
}

if [ "$(uname -sm)" != "Linux x86_64" ]; then
    skip tsan "only on x86-64 Linux"
elif ! rustc +nightly --version >/dev/null 2>&1; then
    skip tsan "nightly Rust is missing (rustup toolchain install nightly)"
elif ! tsan_sources >"$WORK/tsan-sources.log" 2>&1; then
    skip tsan "Rust's sources are missing (rustup component add rust-src --toolchain nightly)"
elif [ ! -f "$tsan_runtime" ]; then
    skip tsan "nightly Rust has no ThreadSanitizer here"
elif tsan_library >"$WORK/tsan-build.log" 2>&1; then
    for source in stress threads callbacks hazards_code hazards_executors entries readers readers_fence; do
        check "$source.c (ThreadSanitizer)" tsan_run "c-tests/$source.c"
    done
else
    check "tsan: builds" tsan_failed
fi
