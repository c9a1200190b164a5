# shellcheck shell=bash
# The Rust tests: each counts as one check.

start=$SECONDS
if "$CARGO" test --quiet >"$WORK/cargo-test.log" 2>&1; then
    result=ok
else
    result=FAILED
    sed 's/^/    | /' "$WORK/cargo-test.log"
fi
passed=$(awk '/^test result:/ { n += $4 } END { print n + 0 }' "$WORK/cargo-test.log")
failed=$(awk '/^test result:/ { n += $6 } END { print n + 0 }' "$WORK/cargo-test.log")
# A failure that counts no test is one that did not compile.
[ $result = FAILED ] && [ "$failed" = 0 ] && failed=1
counted passed "$passed"
counted failed "$failed"
echo "$(printf '%-8s' $result) cargo test: $passed passed, $failed failed ($((SECONDS - start)) s)"
