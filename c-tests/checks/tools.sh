# shellcheck shell=bash disable=SC2164 # checks run under set -e
# What tools make of what they are told: a debugger shows mapped code by name and unwinds through it, a profiler counts
# it by name.

tools_build() { # program to make, shared or archive, source
    local how=("-L$DIST" "-Wl,-rpath,$DIST" -llifecycle)
    [ "$2" = shared ] || how=("$DIST/liblifecycle.a")
    "$CC" -std=c11 -Wall -Wextra -Wpedantic -Werror -g -O1 -Iinclude -o "$1" "c-tests/tools/$3" "${how[@]}" "${LIBS[@]}"
}

tools_gdb() { # shared or archive, command to run on the program first
    local program=$WORK/debugged-$1-$2 name
    tools_build "$program" "$1" debugged.c
    [ "$2" = whole ] || strip --strip-debug "$program"
    gdb --nx --batch -ex 'set debuginfod enabled off' -ex 'break stop_inside' -ex 'break stop_after' \
        -ex run -ex bt -ex continue -ex bt -ex continue \
        -ex 'info symbol made_with_a_frame_pointer' -ex 'info symbol made_with_a_table_of_frames' -ex continue \
        "$program" >"$program.out" 2>&1
    cat "$program.out"
    for name in made_with_a_frame_pointer made_with_a_table_of_frames; do
        # Frame 1 is the mapped code, frame 2 who called it; afterwards nobody knows the name.
        grep -qE "^#1 +0x[0-9a-f]+ in $name \(\)" "$program.out"
        grep -q "No symbol \"$name\"" "$program.out"
    done
    [ "$(grep -cE '^#[23] +.* main \(' "$program.out")" = 2 ]
    grep -q '2 stops\|3 stops' "$program.out"
}

if [ "$(uname -m)" != x86_64 ]; then
    skip "gdb shows mapped code" "the code is for x86-64"
elif ! have gdb; then
    skip "gdb shows mapped code" "no gdb"
else
    for library in shared archive; do
        check "gdb shows mapped code by name, and not once it is gone ($library)" tools_gdb $library whole
    done
    check "gdb shows mapped code by name (archive, stripped of debug information)" tools_gdb archive stripped
fi

tools_sample() { # file of samples to make, the command
    perf record --quiet --event cpu-clock:u -k mono --output "$@"
}
tools_report() { # file of samples: a line a symbol with its share
    perf report --input "$1" --stdio 2>/dev/null | sed -n 's/^ *\([0-9]\+\)\.[0-9]*%.*\[\.\] */\1 /p' | tee /dev/stderr
}
tools_perf() { # map or dump
    local program=$WORK/profiled-$1 flags=2
    [ "$1" = map ] || flags=4
    tools_build "$program" archive profiled.c
    mkdir -p "$program.cwd"
    cd "$program.cwd"
    tools_sample samples "$program" "$flags"
    if [ "$1" = map ]; then
        # Where both had one address, perf takes one name for both.
        tools_report samples | awk '$2 ~ /^takes_time_/ { sum += $1 } END { exit sum < 80 }'
        rm -f /tmp/perf-"$(perf script --input samples -F pid | head -n 1 | tr -d ' ')".map
    else
        perf inject --jit --input samples --output injected
        tools_report injected |
            awk '$2 ~ /^takes_time_(first|second)$/ && $1 > 30 { found++ } END { exit found != 2 }'
    fi
}

if [ "$(uname -m)" != x86_64 ]; then
    skip "perf counts mapped code by name" "the code is for x86-64"
elif ! have perf || ! tools_sample "$WORK/try.data" true >/dev/null 2>&1; then
    skip "perf counts mapped code by name" "no perf, or it is not allowed here"
else
    check "perf counts mapped code by name (map)" tools_perf map
    check "perf counts mapped code by name (jitdump, two symbols at one address)" tools_perf dump
fi
