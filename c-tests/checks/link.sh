# shellcheck shell=bash disable=SC2164 # checks run under set -e
# How real programs link: with definitions of their own, with each linker, beside another Rust archive, by dlopen.
# The hosts are in c-tests/link. Libraries are used as they are installed: DIST has the same files side by side.

host() { # program to make, arguments for the compiler
    local out=$WORK/link-$1
    shift
    "$CC" -std=gnu11 -Wall -Wextra -Wpedantic -Werror -g -Iinclude -o "$out" "$@"
}
shared=("-L$DIST" "-Wl,-rpath,$DIST" -llifecycle)
archive=("$DIST/liblifecycle.a" "${LIBS[@]}")

plain() { # program, its source, arguments for the linker
    host "$1" "c-tests/link/$2" "${@:3}"
    "$WORK/link-$1"
}

stubs() { # program, whose functions are to win, arguments for the compiler and linker
    host "$1" "${@:3}"
    mkdir -p "$WORK/cwd-$1"
    cd "$WORK/cwd-$1"
    "$WORK/link-$1" "$2"
}

for kind in so a; do
    [ $kind = so ] && how=("${shared[@]}") || how=("${archive[@]}")
    check "link: a host's own spl_free_value wins (.$kind)" plain "own_free_value.$kind" own_free_value.c "${how[@]}"
    check "link: a host's spl_free frees the blocks (.$kind)" plain "own_free.$kind" own_free.c "${how[@]}"
    for linker in bfd gold lld; do
        if have "ld.$linker"; then
            check "link: a host's own pair of symbols for debuggers is used (.$kind, $linker)" plain \
                "own_debugger.$kind.$linker" own_debugger.c "-fuse-ld=$linker" "${how[@]}"
        fi
    done
    for linker in bfd gold lld; do
        if have "ld.$linker"; then
            check "link: a host's weak rt_exec_manager_* give way (.$kind, $linker)" stubs "weak.$kind.$linker" library \
                "-fuse-ld=$linker" c-tests/link/stubs.c c-tests/link/runtime_stubs.c "${how[@]}"
        else
            skip "link: a host's weak rt_exec_manager_* give way (.$kind, $linker)" "no ld.$linker"
        fi
    done
done
for linker in bfd gold lld; do
    if have "ld.$linker"; then
        check "link: a host's strong rt_exec_manager_* stay ($linker)" stubs "strong.$linker" runtime "-fuse-ld=$linker" \
            -DSTUB= c-tests/link/stubs.c c-tests/link/runtime_stubs.c "-L$DIST" "-Wl,-rpath,$DIST" "-l:liblifecycle.so.$ABI"
    else
        skip "link: a host's strong rt_exec_manager_* stay ($linker)" "no ld.$linker"
    fi
done

two_archives() { # ours-first or other-first
    local other=$WORK/libother-$1.a
    local both=("$DIST/liblifecycle.a" "$other")
    [ "$1" = ours-first ] || both=("$other" "$DIST/liblifecycle.a")
    rustc --edition 2024 --crate-type staticlib -O -C lto=fat -C panic=unwind -o "$other" c-tests/link/other.rs
    plain "two-$1" two_archives.c "${both[@]}" "${LIBS[@]}"
}
check "link: beside another Rust archive (ours first)" two_archives ours-first
check "link: beside another Rust archive (ours last)" two_archives other-first

reopen() {
    host reopen c-tests/link/reopen.c -pthread -ldl
    "$WORK/link-reopen" "$DIST/liblifecycle.so.$ABI"
}
check "link: opened and closed by threads, over and over" reopen

elf() { readelf -W "$@" "$DIST/liblifecycle.so.$ABI"; }
elf_dynamic() { # a pattern that must be in the dynamic section
    elf -d | grep -E "$1" || { elf -d; return 1; }
}
elf_no_dynamic() {
    if elf -d | grep -E "$1"; then return 1; fi
}
check "elf: soname" elf_dynamic "SONAME.*\[liblifecycle\.so\.$ABI\]"
check "elf: never unloaded (NODELETE)" elf_dynamic 'FLAGS_1.*NODELETE'
check "elf: bound when loaded (NOW)" elf_dynamic 'FLAGS_1.*NOW'
check "elf: no run path" elf_no_dynamic 'RPATH|RUNPATH'
check "elf: no text relocations" elf_no_dynamic 'TEXTREL'
check "elf: not bound to itself (no -Bsymbolic)" elf_no_dynamic 'SYMBOLIC'
elf_segments() {
    elf -l >"$WORK/segments"
    grep -q GNU_RELRO "$WORK/segments"
    grep -qE 'GNU_STACK .* RW ' "$WORK/segments"
    if grep -E '^ +[A-Z_]+ .* RWE ' "$WORK/segments"; then return 1; fi
}
check "elf: nothing is writable and executable; relro" elf_segments
elf_needs() { # nothing but what every system has
    local odd
    odd=$(elf -d | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^(libc\.so\.6|libgcc_s\.so\.1|ld-linux-.*)$' || true)
    [ -z "$odd" ] || { echo "needs $odd"; return 1; }
}
check "elf: needs only libc and libgcc" elf_needs
