# shellcheck shell=bash
# The Rust tests: each counts as one check.

start=$SECONDS
if "$CARGO" test --quiet --no-fail-fast >"$WORK/cargo-test.log" 2>&1; then
    result=ok
else
    result=FAILED
    # Without the compiler's warnings, which are the lints' business.
    awk '/^warning/ { skip = 1 } /^$/ { skip = 0 } !skip' "$WORK/cargo-test.log" | tail -n 60 | cut -c 1-300 | sed 's/^/    | /'
fi
passed=$(awk '/^test result:/ { n += $4 } END { print n + 0 }' "$WORK/cargo-test.log")
failed=$(awk '/^test result:/ { n += $6 } END { print n + 0 }' "$WORK/cargo-test.log")
# A failure that counts no test is one that did not compile.
[ $result = FAILED ] && [ "$failed" = 0 ] && failed=1
counted passed "$passed"
counted failed "$failed"
echo "$(printf '%-8s' $result) cargo test: $passed passed, $failed failed ($((SECONDS - start)) s)"
