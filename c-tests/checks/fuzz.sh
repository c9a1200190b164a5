# shellcheck shell=bash disable=SC2016 # the inner shell expands it
# Each target of fuzz/ for FUZZ_SECONDS seconds, sanitized. Needs nightly Rust and cargo-fuzz. Long inputs from the start:
# most targets read steps of a few bytes each, and a short sequence of steps shows little. A run of less than half a minute
# begins with the same number each time: it is there to see that what once held still does; a longer one is to find more.

seed=$(( ${FUZZ_SECONDS:-60} < 30 ? 1 : 0 ))
fuzz() { cargo +nightly fuzz run "$1" -- -seed=$seed -max_total_time="${FUZZ_SECONDS:-60}" -print_final_stats=1 -rss_limit_mb=4096 -len_control=0 -max_len=2000; }

if [ ! -d fuzz ]; then
    skip fuzz "there is no fuzz/"
elif ! cargo +nightly fuzz --version >/dev/null 2>&1; then
    skip fuzz "nightly Rust or cargo-fuzz is missing (cargo install cargo-fuzz)"
elif cargo +nightly fuzz build >"$WORK/fuzz-build.log" 2>&1; then
    for target in $(cargo +nightly fuzz list); do
        check "fuzz: $target" fuzz "$target"
    done
else
    check "fuzz: builds" bash -c 'tail -n 40 "$0"; false' "$WORK/fuzz-build.log"
fi
