#!/bin/sh
# Sees to the tools that building, running and checking want: installs what is missing where that is possible, else
# names it. Only a missing C compiler is fatal; checks that miss a tool are skipped with a visible line.
# `setup.sh aarch64` sees to what building and running for that processor wants as well, `setup.sh wasm` to WebAssembly.
set -u

missing=
packages=
want() { # command, Debian package
    command -v "$1" >/dev/null 2>&1 && return
    missing="$missing $1"
    packages="$packages $2"
}
want cc gcc
want g++ g++
want clang clang
want ld.lld lld
want ld.gold binutils
want llvm-ar llvm
if ! cc -E -include libtcc.h -x c /dev/null >/dev/null 2>&1; then
    missing="$missing libtcc"
    packages="$packages libtcc-dev"
fi
want tcc tcc # its headers: libtcc compiles with them
want valgrind valgrind
want gdb gdb
want pkg-config pkg-config
want cmake cmake
if [ "${1:-}" = aarch64 ]; then
    want aarch64-linux-gnu-gcc "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
    want qemu-aarch64 qemu-user
fi
if [ "${1:-}" = wasm ]; then
    want node nodejs
    wasm=$(rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null)
    if ! ls "$wasm"/libcore-* >/dev/null 2>&1; then
        if command -v rustup >/dev/null 2>&1; then
            rustup target add wasm32-unknown-unknown >/dev/null 2>&1 || echo "setup: rustup has no wasm32-unknown-unknown"
        else
            missing="$missing wasm32-unknown-unknown"
            packages="$packages libstd-rust-dev-wasm32"
        fi
    fi
fi

if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "setup: installing$packages"
        export DEBIAN_FRONTEND=noninteractive
        # shellcheck disable=SC2086 # a list of words
        { apt-get update && apt-get install -y --no-install-recommends $packages libc6-dev; } >/dev/null 2>&1 ||
            echo "setup: not all of them could be installed"
    else
        echo "setup: missing, and not installed for want of root or apt-get:$missing"
    fi
fi
command -v cc >/dev/null 2>&1 || { echo "setup: there is no C compiler (cc)" >&2; exit 1; }
