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

# The small runtime runs its programs and compares what they print.
minirt() { # program
    MINIRT=$EXAMPLES/$1 CYCLES=200 examples-c/run.sh
}
if [ -d examples-c/minirt ]; then
    check "example: minirt (archive)" minirt minirt
    check "example: minirt (shared)" minirt minirt-shared
fi
