# shellcheck shell=sh
# What the examples' run.sh have in common: sourced, not run. Counts what passed and failed, and compares.
passed=0
failed=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# program PATH: the same with its folder, for a caller that changes its own
program() {
    case $1 in
    /*) echo "$1" ;;
    */*) echo "$(pwd)/$1" ;;
    *) command -v "$1" ;;
    esac
}

# verdict NAME STATUS: a progress line
verdict() {
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok      $1"
    else
        failed=$((failed + 1))
        echo "FAILED  $1"
    fi
}

# expect NAME EXPECTED-FILE STATUS INPUT COMMAND...: compares output and exit status
expect() {
    name=$1 file=$2 want=$3 input=$4
    shift 4
    "$@" >"$work/out" 2>&1 <"$input"
    got=$?
    if [ "$got" -eq "$want" ] && cmp -s "$work/out" "$file"; then
        verdict "$name" 0
    else
        echo "exit status $got, expected $want"
        diff "$file" "$work/out" | head -40
        verdict "$name" 1
    fi
}

# prints NAME TEXT STATUS COMMAND...: it must end so, and say so
prints() {
    name=$1 text=$2 want=$3
    shift 3
    "$@" >"$work/out" 2>&1 </dev/null
    [ $? -eq "$want" ] && grep -qF -- "$text" "$work/out"
    status=$?
    [ "$status" -eq 0 ] || cat "$work/out"
    verdict "$name" "$status"
}

# The last lines; its status is the script's.
totals() {
    echo
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
