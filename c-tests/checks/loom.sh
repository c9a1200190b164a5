# shellcheck shell=bash
# tests/loom*.rs: the grace protocol, the slot of an entry and the names in every interleaving. In a folder of its own,
# because the flag that brings loom in is one for all of the build; and optimised, but not linked as slowly as what is
# shipped.

loom_tests() {
    RUSTFLAGS='--cfg loom' CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        "$CARGO" test --quiet --release --target-dir target/loom --test loom --test loom_names
}

start=$SECONDS
if loom_tests >"$WORK/loom.log" 2>&1; then result=ok; else result=FAILED; fi
passed=$(awk '/^test result:/ { n += $4 } END { print n + 0 }' "$WORK/loom.log")
failed=$(awk '/^test result:/ { n += $6 } END { print n + 0 }' "$WORK/loom.log")
[ $result = FAILED ] && { tail -n 40 "$WORK/loom.log" | sed 's/^/    | /'; [ "$failed" = 0 ] && failed=1; }
counted passed "$passed"
counted failed "$failed"
echo "$(printf '%-8s' $result) loom: $passed passed, $failed failed ($((SECONDS - start)) s)"
