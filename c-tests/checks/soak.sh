# shellcheck shell=bash disable=SC2164 # checks run under set -e
# The programs that last, for SOAK_SECONDS a test: one after the other, so that each has the processors to itself. What
# memory did meanwhile is drawn in target/soak. Modules are loaded and unloaded SOAK_CYCLES times.

soak_folder=$PWD/target/soak
soak_flags=(-std=c11 -Wall -Wextra -Wpedantic -Werror -g -O1 -D_GNU_SOURCE -Iinclude -Ic-tests)

soak_run() { # program, more flags
    local program=$soak_folder/$1
    "$CC" "${soak_flags[@]}" "${@:2}" -o "$program" "c-tests/$1.c" "$DIST/liblifecycle.a" "${LIBS[@]}" -pthread
    mkdir -p "$program.cwd"
    cd "$program.cwd"
    SOAK_SECONDS=${SOAK_SECONDS:-10} LIFECYCLE_SOAK_CYCLES=${SOAK_CYCLES:-20000} SOAK_CURVE=$soak_folder/code.txt \
        SOAK_MODULES=$soak_folder/modules.txt "$program" 2>&1 | tee "$soak_folder/$1.log"
    return "${PIPESTATUS[0]}"
}

# One line for each column of NAME.txt over its first, each against its own greatest value; so many lines there must be.
soak_draw() { # NAME, lines
    awk 'BEGIN { height = 110; width = 700 }
        /^#/ { for (i = 2; i <= NF; i++) name[i - 1] = $i; next }
        { for (i = 1; i <= NF; i++) { at[NR, i] = $i; if ($i > most[i]) most[i] = $i } columns = NF; rows[++count] = NR }
        END {
            print "<svg xmlns=\"http://www.w3.org/2000/svg\" font-family=\"sans-serif\" font-size=\"12\""
            printf "width=\"%d\" height=\"%d\">\n", width + 40, (columns - 1) * height + 20
            print "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
            for (i = 2; i <= columns; i++) {
                base = (i - 1) * height
                printf "<text x=\"20\" y=\"%d\">%s: at most %.10g in %.10g %s</text>\n", base - height + 24, name[i],
                    most[i], most[1], name[1]
                printf "<path d=\"M20 %d h%d\" stroke=\"#ccc\"/>\n", base, width
                printf "<polyline fill=\"none\" stroke=\"#06c\" points=\""
                for (r = 1; r <= count; r++)
                    printf "%.1f,%.1f ", 20 + width * at[rows[r], 1] / most[1],
                        base - (most[i] ? (height - 40) * at[rows[r], i] / most[i] : 0)
                print "\"/>"
            }
            print "</svg>"
        }' "$soak_folder/$1.txt" >"$soak_folder/$1.svg"
    [ "$(grep -c polyline "$soak_folder/$1.svg")" = "$2" ]
}

mkdir -p "$soak_folder"
check "hazards_executors.c for ${SOAK_SECONDS:-10} s a test" soak_run hazards_executors
wait
check "soak.c: ${SOAK_CYCLES:-20000} loads and unloads, then code for ${SOAK_SECONDS:-10} s" soak_run soak
wait
grep -E '^#|^[0-9. ]+$|rounds' "$soak_folder/soak.log" 2>/dev/null
check "target/soak/modules.svg is drawn" soak_draw modules 13
check "target/soak/code.svg is drawn" soak_draw code 7
check "values_memory.c: a million evals" soak_run values_memory
wait
