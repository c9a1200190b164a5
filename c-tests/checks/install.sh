# shellcheck shell=bash
# What `make install` leaves behind is enough: programs are built from a scratch installation with pkg-config and with
# CMake, shared and static, and run; afterwards `make uninstall` leaves nothing.

stage=$WORK/stage
prefix=/opt/lifecycle
at=$stage$prefix
make_quietly() { make --no-print-directory "$@" DESTDIR="$stage" PREFIX="$prefix" >"$WORK/install.log" 2>&1; }

install_files() {
    local file
    make_quietly install || { cat "$WORK/install.log"; return 1; }
    for file in include/lifecycle.h include/lifecycle_inline.h include/lifecycle_dropins.h lib/liblifecycle.a \
        lib/liblifecycle.so "lib/liblifecycle.so.$ABI" "lib/liblifecycle.so.$VERSION" lib/lifecycle_dropins.o \
        lib/pkgconfig/lifecycle.pc lib/cmake/lifecycle/lifecycle-config.cmake; do
        [ -s "$at/$file" ] || { echo "$file is missing"; return 1; }
    done
    # Nothing installed may know where it was built.
    if grep -lF "$PWD" "$at"/lib/pkgconfig/* "$at"/lib/cmake/lifecycle/* "$at/lib/liblifecycle.so"; then return 1; fi
}

config() { # a staged installation: pkg-config puts the stage before the paths
    PKG_CONFIG_PATH=$at/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$stage pkg-config "$@" lifecycle
}
install_pkg_config() { # shared or static
    local flags program=$WORK/installed-$1
    [ "$(config --modversion)" = "$VERSION" ]
    if [ "$1" = static ]; then
        # Newer C libraries would do without most of these: a link that succeeds here proves nothing for older ones.
        config --static --libs | grep -F -- "$NATIVE_LIBS"
        flags=$(config --static --cflags --libs | sed 's/-llifecycle/-l:liblifecycle.a/')
    else
        flags=$(config --cflags --libs)
    fi
    # shellcheck disable=SC2086 # words
    "$CC" -std=c11 -Wall -Wextra -Werror c-tests/install/main.c -o "$program" $flags
    readelf -d "$program" | grep -q "liblifecycle.so.$ABI" && [ "$1" = static ] && return 1
    if [ "$1" = static ]; then "$program"; else LD_LIBRARY_PATH=$at/lib "$program"; fi
}
install_cmake() {
    local build=$WORK/cmake
    cmake -S c-tests/install -B "$build" -DCMAKE_PREFIX_PATH="$at" -DCMAKE_BUILD_TYPE=Debug -DEXPECTED="$VERSION"
    cmake --build "$build"
    "$build/shared" && "$build/static"
    readelf -d "$build/shared" | grep -q "liblifecycle.so.$ABI"
    if readelf -d "$build/static" | grep -q "liblifecycle.so"; then return 1; fi
}
install_nothing_left() {
    local left
    make_quietly uninstall
    left=$(find "$stage" -not -type d)
    [ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

check "install: every file, and none knows where it was built" install_files
wait
if have pkg-config; then
    check "install: a program by pkg-config, shared" install_pkg_config shared
    check "install: a program by pkg-config, static" install_pkg_config static
else
    skip "install: a program by pkg-config" "no pkg-config"
fi
if have cmake; then
    check "install: a program by CMake, shared and static" install_cmake
else
    skip "install: a program by CMake" "no cmake"
fi
wait
check "install: uninstall leaves nothing" install_nothing_left
