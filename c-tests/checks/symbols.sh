# shellcheck shell=bash
# What is exported is what is declared and what the ledger (include/symbols.txt) lists: no more, no less.

listed() { sed -n 's/^\([a-z_][a-z0-9_]*\) .*/\1/p' include/symbols.txt; }

# Prototypes of functions in our own headers: statements outside braces that are not static, typedef or a definition.
declared() {
    "$CC" -E -P -Iinclude -xc - <<<'#include "lifecycle.h"' >"$WORK/all.i"
    "$CC" -E -P -xc - <<<$'#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>' >"$WORK/system.i"
    awk 'NR == FNR { system_line[$0] = 1; next } !($0 in system_line)' "$WORK/system.i" "$WORK/all.i" |
        tr '\n' ' ' | sed 's/[;{}]/&\n/g' | awk '
            /{$/ { depth++ }
            depth == 0 && /;$/ && /\(/ && !/^ *(static|typedef)/ { sub(/ *\(.*/, ""); sub(/.*[ *]/, ""); print }
            /}$/ { depth-- }' |
        grep -E '^(lifecycle|rt|spl|feather)_|^__jit_debug' | sort
}

same() { # two lists in files, what each of them is
    local difference
    difference=$(diff "$1" "$2") && return
    echo "only in $3 (<) or only in $4 (>):"
    grep '^[<>]' <<<"$difference"
    return 1
}

symbols_shared() {
    nm -D --defined-only "$DIST/liblifecycle.so.$ABI" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort >"$WORK/shared"
    same "$WORK/shared" "$WORK/listed" "the shared library" include/symbols.txt
}
symbols_archive() {
    nm -g --defined-only "$DIST/liblifecycle.a" | awk 'NF == 3 { print $3 }' | sort >"$WORK/archive"
    same "$WORK/archive" "$WORK/listed" "the archive" include/symbols.txt
}
symbols_header() { # what debuggers look for by name is nobody's to call
    declared >"$WORK/declared"
    grep -v '^__jit_debug_' "$WORK/listed" >"$WORK/callable"
    same "$WORK/declared" "$WORK/callable" "the headers" include/symbols.txt
}
symbols_versioned() { # a name without a version node could not be versioned later
    local bare
    bare=$(nm -D --defined-only "$DIST/liblifecycle.so.$ABI" | awk '$2 != "A" && $3 !~ /@@LIFECYCLE_/ { print $3 }')
    [ -z "$bare" ] || { echo "without a version: $bare"; return 1; }
}
symbols_ledger() {
    grep -v '^#' include/symbols.txt | grep -vE '^[a-z_][a-z0-9_]* [0-9]+\.[0-9]+\.[0-9]+$' && { echo "malformed lines"; return 1; }
    listed | sort -c && [ -z "$(listed | uniq -d)" ]
}
symbols_pinned() { # c-tests/abi.c has the type of each function, the value of each constant, the place of each field
    sed -n 's/.*= \([a-z_][a-z0-9_]*\);$/\1/p' c-tests/abi.c | sort >"$WORK/pinned"
    grep -v '^__jit_debug_' "$WORK/listed" | comm -13 "$WORK/pinned" - >"$WORK/unpinned"
    sed -nE 's/^(VALUE|CONSTANT)\(([A-Z0-9_]+),.*/\2/p' c-tests/abi.c | sort >"$WORK/pinned"
    sed -nE 's/^#define (LIFECYCLE_[A-Z0-9_]+) [0-9]+u$/\1/p; s/^    (LIFECYCLE_[A-Z0-9_]+) = -?[0-9]+,$/\1/p' \
        include/lifecycle.h | sort | comm -13 "$WORK/pinned" - >>"$WORK/unpinned"
    sed -nE 's/^OFFSET\(([a-z_]+), ([a-z_]+),.*/\1.\2/p' c-tests/abi.c | sort >"$WORK/pinned"
    fields | sort | comm -13 "$WORK/pinned" - >>"$WORK/unpinned"
    [ ! -s "$WORK/unpinned" ] || { echo "not in c-tests/abi.c:"; cat "$WORK/unpinned"; return 1; }
}
fields() { # struct.field for each struct of the header
    awk '/^typedef struct lifecycle_[a-z_]+ \{/ { name = $3; next }
        /^}/ { name = "" }
        name && /;$/ && !/^ *\*/ {
            if (match($0, /\(\*[a-z_]+\)/)) field = substr($0, RSTART + 2, RLENGTH - 3)
            else { field = $NF; gsub(/[*;]/, "", field); sub(/\[.*/, "", field) }
            print name "." field
        }' include/lifecycle.h
}
# What a program needs beside the archive is in lifecycle.pc and in the CMake package; rustc says what it is.
symbols_native_libs() {
    local told
    told=$(sed -n 's/^note: native-static-libs: //p' "$DIST/cargo.log" | tail -n 1)
    [ "$told" = "$NATIVE_LIBS" ] || { echo "rustc names '$told', NATIVE_LIBS is '$NATIVE_LIBS'"; return 1; }
}
symbols_weak() { # a host may have its own
    nm "$DIST/liblifecycle.a" | grep -q " [WV] $1\$" || { echo "$1 is not weak in the archive"; return 1; }
}

listed | sort >"$WORK/listed"
check "symbols: the ledger is well formed and sorted" symbols_ledger
check "symbols: shared library = ledger" symbols_shared
check "symbols: archive = ledger" symbols_archive
check "symbols: headers = ledger" symbols_header
check "symbols: each has a version node" symbols_versioned
check "symbols: types, values and fields are pinned in abi.c" symbols_pinned
for symbol in spl_free_value __jit_debug_descriptor __jit_debug_register_code; do
    check "symbols: $symbol is weak in the archive" symbols_weak "$symbol"
done
check "symbols: native libraries of a static link" symbols_native_libs
