# shellcheck shell=bash disable=SC2164 # checks run under set -e
# The arena for WebAssembly: it builds, no instruction of it traps, it needs nothing but what the linker lays out, and
# wasm/test.mjs sees that it works, under Node.

wasm_folder=$PWD/target/wasm
wasm_never_traps() {
    llvm-objdump -d "$wasm_folder/$1" >"$WORK/$1.text"
    grep -q memory.grow "$WORK/$1.text"
    ! grep -w unreachable "$WORK/$1.text"
}
wasm_needs_nothing() {
    local needed
    needed=$(llvm-nm --undefined-only --just-symbol-name "$wasm_folder/feather_arena.o" | sort | tr '\n' ' ')
    echo "needed: $needed"
    [ "$needed" = "__heap_base __heap_end __stack_pointer " ]
}
wasm_failed() {
    tail -n 40 "$WORK/wasm-build.log"
    return 1
}

c-tests/setup.sh wasm
wasm_core=("$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null)"/libcore-*)
if [ ! -e "${wasm_core[0]}" ]; then
    skip wasm "no Rust library for wasm32-unknown-unknown (rustup, or Debian's libstd-rust-dev-wasm32)"
elif make --no-print-directory wasm-modules >"$WORK/wasm-build.log" 2>&1; then
    if have llvm-objdump && have llvm-nm; then
        check "wasm: no instruction traps" wasm_never_traps feather_arena.wasm
        check "wasm: the object needs nothing but the linker" wasm_needs_nothing
    else
        skip "wasm: what it is made of" "no llvm-objdump"
    fi
    if have node; then
        check "wasm: under Node" node wasm/test.mjs "$wasm_folder"
    else
        skip "wasm: under Node" "no node"
    fi
else
    check "wasm: builds" wasm_failed
fi
