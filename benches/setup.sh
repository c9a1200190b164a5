#!/bin/sh
# Sees to what the benchmarks are measured against: installs what is missing where that is possible, else names it. What
# stays missing is a row of the results that says so; nothing here is fatal.
set -u

missing=
want() { # file that shows it is there, Debian package
    for place in "$1" /usr/include/"$1" /usr/include/*-linux-gnu/"$1" /usr/bin/"$1"; do
        [ -e "$place" ] && return
    done
    missing="$missing $2"
}
want asmjit/core.h libasmjit-dev
want urcu/urcu-memb.h liburcu-dev
want ck_epoch.h libck-dev
want uthash.h uthash-dev
want apr-1.0/apr_pools.h libapr1-dev
want talloc.h libtalloc-dev
want mimalloc.h libmimalloc-dev
want lua5.4/lua.hpp liblua5.4-dev
want gc/gc.h libgc-dev
want /usr/lib/swi-prolog/include/SWI-Prolog.h swi-prolog-core
want gnuplot gnuplot-nox
want g++ g++
want python3 python3

[ -z "$missing" ] && exit 0
root=
[ "$(id -u)" = 0 ] || root='sudo -n'
if command -v apt-get >/dev/null 2>&1 && $root true 2>/dev/null; then
    echo "setup: installing$missing"
    # shellcheck disable=SC2086 # lists of words
    { $root apt-get update && $root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        $missing; } >/dev/null 2>&1 || echo "setup: not all of them could be installed"
else
    echo "setup: missing, and not installed for want of root or apt-get:$missing"
fi
exit 0
