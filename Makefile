# Builds, installs and checks liblifecycle. `make help` lists the targets. Needs GNU make, cargo and a C compiler.
#
# How the shipped libraries are made, and why not by cargo alone:
#  - cargo builds a static archive, alone (an rlib beside it silently turns fat LTO off);
#  - `cc -r` makes one object of it, and objcopy hides every symbol that include/symbols.txt does not list: two Rust
#    archives in one program would collide in std's symbols otherwise;
#  - the shared library is linked from that object with our own version script: cargo's would hide the C functions.

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
ABI     := $(shell sed -n 's/^metadata.abi = //p' Cargo.toml)

CARGO      ?= cargo
CC         ?= cc
CXX        ?= c++
OBJCOPY    ?= objcopy
INSTALL    ?= install
PREFIX     ?= /usr/local
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include

DIST     := target/dist
EXAMPLES := target/dist-examples
SHARED   := $(DIST)/liblifecycle.so.$(VERSION)
STATIC   := $(DIST)/liblifecycle.a
HEADERS  := $(sort $(wildcard include/*.h))
# The Rust standard library's own needs, in the order rustc names them; `make check-symbols` compares.
NATIVE_LIBS := -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc
# GNU ar may fail on objects of a newer LLVM.
AR := $(shell command -v llvm-ar || command -v ar)

# For the scripts in c-tests.
export ABI CARGO CC CXX DIST EXAMPLES NATIVE_LIBS VERSION

.PHONY: all examples header install uninstall run test check-header check-symbols check-programs check-helgrind check-link check-tools \
        check-aarch64 installcheck fuzz tsan loom soak bench clean setup help rust wasm wasm-modules
.DELETE_ON_ERROR:

all: $(SHARED) $(DIST)/liblifecycle.so.$(ABI) $(DIST)/liblifecycle.so $(STATIC) $(DIST)/lifecycle_dropins.o \
     $(DIST)/lifecycle.pc $(DIST)/lifecycle-config.cmake $(DIST)/lifecycle-config-version.cmake

help:
	@echo 'make                 the shared and the static library, in $(DIST)'
	@echo 'make header          include/lifecycle.h from the Rust sources'
	@echo 'make wasm            the arena for WebAssembly, in $(WASM), and its test under Node; installs what it needs'
	@echo 'make install         PREFIX=$(PREFIX) LIBDIR=$(LIBDIR) INCLUDEDIR=$(INCLUDEDIR) DESTDIR=$(DESTDIR)'
	@echo 'make uninstall       with the same variables'
	@echo 'make run             builds and runs the examples'
	@echo 'make test            everything below down to installcheck; ends with "N passed, N failed"'
	@echo 'make check-header    the header compiles everywhere and is up to date'
	@echo 'make check-symbols   what is exported is what is declared and listed'
	@echo 'make check-programs  c-tests/*.c, *.cpp: .so and .a; plain, valgrind, sanitizers'
	@echo 'make check-helgrind  races, in the programs that have threads and in the library below them'
	@echo 'make check-link      hosts with definitions of their own, three linkers, two Rust archives, dlopen'
	@echo 'make check-tools     a debugger shows mapped code by name'
	@echo 'make installcheck    install to a scratch folder, build from there with pkg-config and CMake'
	@echo 'make check-aarch64   entries, relocations and readers on aarch64, under qemu; installs what it needs'
	@echo 'make fuzz            FUZZ_SECONDS=60 for each target; needs nightly Rust and cargo-fuzz'
	@echo 'make tsan            the tests of threads under ThreadSanitizer; needs nightly Rust and rust-src'
	@echo 'make loom            the grace protocol and the entry slot in every interleaving of threads'
	@echo 'make soak            SOAK_SECONDS=10 for each test that lasts, SOAK_CYCLES=20000 loads; draws in target/soak'
	@echo 'make bench           measures against other libraries, writes docs/benchmarks.md; BENCH_RUNS=7 of each'
	@echo 'make setup           installs missing tools (root and apt-get), or names them'
	@echo 'make clean           removes target/'

# --- the libraries ---

# cargo knows what is out of date; the copy is touched only when it changed, so that make knows too.
RAW := $(DIST)/raw.a
# The copy is RAW's own recipe: make looks again at what a recipe has made, and links again only if it changed.
$(RAW): rust
	@cmp -s target/release/liblifecycle.a $@ || cp target/release/liblifecycle.a $@
rust:
	@mkdir -p $(DIST)
	$(CARGO) rustc --release --lib --crate-type staticlib -- --print native-static-libs 2>$(DIST)/cargo.log \
	    || { cat $(DIST)/cargo.log >&2; exit 1; }

$(DIST)/symbols: include/symbols.txt
	@mkdir -p $(DIST)
	@sed -n 's/^\([a-z_][a-z0-9_]*\) .*/\1/p' $< >$@

# One node for each version that added symbols would come here; there is one so far.
$(DIST)/lifecycle.map: $(DIST)/symbols
	@{ echo 'LIFECYCLE_0.1 {'; echo '  global:'; sed 's/.*/    &;/' $<; echo '  local: *;'; echo '};'; } >$@

$(DIST)/lifecycle_dropins.o: src/shim/dropins.c
	@mkdir -p $(DIST)
	$(CC) -std=c11 -O2 -g -fPIC -Wall -Wextra -c $< -o $@

# Bitcode that came with a piece of std is left out: tools with LLVM's plugin would take the object for nothing else.
# --force-group-allocation dissolves COMDAT groups: the linker would drop ours for another archive's of the same name.
$(STATIC): $(RAW) $(DIST)/symbols
	$(CC) -r -nostdlib -fuse-ld=bfd -Wl,--force-group-allocation $$(sed 's/^/-Wl,-u,/' $(DIST)/symbols) \
	    $(RAW) -o $(DIST)/whole.o
	$(OBJCOPY) --keep-global-symbols=$(DIST)/symbols --weaken-symbol=spl_free_value --remove-section=.llvmbc \
	    --remove-section=.llvmcmd $(DIST)/whole.o $(DIST)/lifecycle.o
	@rm -f $@ $(DIST)/whole.o
	$(AR) rcs $@ $(DIST)/lifecycle.o

# nodelete: Rust's thread-locals have destructors, which must not outlive the code. Never -Bsymbolic: a host's own
# spl_free_value is to win.
$(SHARED): $(STATIC) $(DIST)/lifecycle.map
	$(CC) -shared -o $@ -Wl,--whole-archive $(STATIC) -Wl,--no-whole-archive -Wl,--gc-sections \
	    -Wl,--version-script=$(DIST)/lifecycle.map -Wl,-soname,liblifecycle.so.$(ABI) \
	    -Wl,-z,relro,-z,now -Wl,-z,nodelete -Wl,-z,noexecstack -Wl,--as-needed $(NATIVE_LIBS)

$(DIST)/liblifecycle.so.$(ABI): $(SHARED)
	@ln -sf $(notdir $<) $@

# What -llifecycle finds is a linker script: a shared library never overrides a definition inside the program, not even
# a weak one, so the drop-ins come in as an object.
$(DIST)/liblifecycle.so: Makefile
	@mkdir -p $(DIST)
	@{ echo '/* GNU ld script: what a program links with -llifecycle. At run time: liblifecycle.so.$(ABI) */'; \
	   echo 'INPUT ( lifecycle_dropins.o liblifecycle.so.$(ABI) )'; } >$@

# --- install ---

FILL = sed -e 's|@VERSION@|$(VERSION)|g' -e 's|@ABI@|$(ABI)|g' -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(LIBDIR)|g' \
           -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|g' -e 's|@NATIVE_LIBS@|$(NATIVE_LIBS)|g'

# Filled in anew each time: they depend on variables, which make does not watch.
.PHONY: $(DIST)/lifecycle.pc $(DIST)/lifecycle-config.cmake $(DIST)/lifecycle-config-version.cmake
$(DIST)/lifecycle.pc $(DIST)/lifecycle-config.cmake $(DIST)/lifecycle-config-version.cmake: $(DIST)/%: packaging/%.in
	@mkdir -p $(DIST)
	@$(FILL) $< >$@

CMAKEDIR = $(LIBDIR)/cmake/lifecycle
INSTALLED = $(addprefix $(INCLUDEDIR)/,$(notdir $(HEADERS))) $(addprefix $(LIBDIR)/,liblifecycle.a liblifecycle.so \
    lifecycle_dropins.o liblifecycle.so.$(ABI) liblifecycle.so.$(VERSION) pkgconfig/lifecycle.pc) \
    $(addprefix $(CMAKEDIR)/,lifecycle-config.cmake lifecycle-config-version.cmake)

install: all
	$(INSTALL) -d $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(CMAKEDIR)
	$(INSTALL) -m 644 $(HEADERS) $(DESTDIR)$(INCLUDEDIR)
	$(INSTALL) -m 644 $(STATIC) $(DIST)/liblifecycle.so $(DIST)/lifecycle_dropins.o $(DESTDIR)$(LIBDIR)
	$(INSTALL) -m 755 $(SHARED) $(DESTDIR)$(LIBDIR)
	ln -sf $(notdir $(SHARED)) $(DESTDIR)$(LIBDIR)/liblifecycle.so.$(ABI)
	$(INSTALL) -m 644 $(DIST)/lifecycle.pc $(DESTDIR)$(LIBDIR)/pkgconfig
	$(INSTALL) -m 644 $(DIST)/lifecycle-config.cmake $(DIST)/lifecycle-config-version.cmake $(DESTDIR)$(CMAKEDIR)

uninstall:
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	-rmdir $(DESTDIR)$(CMAKEDIR) 2>/dev/null

# --- header ---

header:
	@mkdir -p include
	LIFECYCLE_REGENERATE_HEADER=1 $(CARGO) check --lib

# --- examples: each linked to the archive (NAME) and to the shared library (NAME-shared) ---

EXAMPLE_FLAGS := -std=c11 -O2 -g -Wall -Wextra -Wpedantic -Werror -D_POSIX_C_SOURCE=200809L -Iinclude
WITH_ARCHIVE   = $(STATIC) $(NATIVE_LIBS)
WITH_SHARED    = -L$(DIST) -Wl,-rpath,'$$ORIGIN/../dist' -llifecycle $(NATIVE_LIBS)
SINGLE := $(patsubst examples-c/%.c,%,$(sort $(wildcard examples-c/*.c)))
MINIRT := $(sort $(wildcard examples-c/minirt/*.c))
# The compiler as a client needs libtcc and tcc's own headers, and loads code for x86-64.
HAVE_TCC := $(shell [ "$$(uname -m)" = x86_64 ] && command -v tcc >/dev/null && \
    $(CC) -E -include libtcc.h -x c /dev/null >/dev/null 2>&1 && echo yes)
HOTC := $(sort $(wildcard examples-c/hotc/*.c))
TINYTCL := $(sort $(wildcard examples-c/tinytcl/*.c))
MINIPROLOG := $(sort $(wildcard examples-c/miniprolog/*.c))
PROGRAMS := $(SINGLE) $(if $(MINIRT),minirt) $(if $(TINYTCL),tinytcl) $(if $(MINIPROLOG),miniprolog) $(if $(HAVE_TCC),hotc)

examples: $(addprefix $(EXAMPLES)/,$(PROGRAMS) $(PROGRAMS:%=%-shared))

$(EXAMPLES)/minirt: $(MINIRT) $(wildcard examples-c/minirt/*.h) $(HEADERS) $(STATIC)
	@mkdir -p $(EXAMPLES)
	$(CC) $(EXAMPLE_FLAGS) $(MINIRT) -o $@ $(WITH_ARCHIVE)
$(EXAMPLES)/minirt-shared: $(MINIRT) $(wildcard examples-c/minirt/*.h) $(HEADERS) $(SHARED) | all
	@mkdir -p $(EXAMPLES)
	$(CC) $(EXAMPLE_FLAGS) $(MINIRT) -o $@ $(WITH_SHARED)
$(EXAMPLES)/tinytcl: $(TINYTCL) $(wildcard examples-c/tinytcl/*.h) $(HEADERS) $(STATIC)
	@mkdir -p $(EXAMPLES)
	$(CC) $(EXAMPLE_FLAGS) $(TINYTCL) -o $@ $(WITH_ARCHIVE)
$(EXAMPLES)/tinytcl-shared: $(TINYTCL) $(wildcard examples-c/tinytcl/*.h) $(HEADERS) $(SHARED) | all
	@mkdir -p $(EXAMPLES)
	$(CC) $(EXAMPLE_FLAGS) $(TINYTCL) -o $@ $(WITH_SHARED)
$(EXAMPLES)/miniprolog: $(MINIPROLOG) $(wildcard examples-c/miniprolog/*.h) $(HEADERS) $(STATIC)
	@mkdir -p $(EXAMPLES)
	$(CC) $(EXAMPLE_FLAGS) $(MINIPROLOG) -o $@ $(WITH_ARCHIVE)
$(EXAMPLES)/miniprolog-shared: $(MINIPROLOG) $(wildcard examples-c/miniprolog/*.h) $(HEADERS) $(SHARED) | all
	@mkdir -p $(EXAMPLES)
	$(CC) $(EXAMPLE_FLAGS) $(MINIPROLOG) -o $@ $(WITH_SHARED)
$(EXAMPLES)/hotc: $(HOTC) $(wildcard examples-c/hotc/*.h) $(HEADERS) $(STATIC)
	@mkdir -p $(EXAMPLES)
	$(CC) $(EXAMPLE_FLAGS) $(HOTC) -o $@ -ltcc $(WITH_ARCHIVE)
$(EXAMPLES)/hotc-shared: $(HOTC) $(wildcard examples-c/hotc/*.h) $(HEADERS) $(SHARED) | all
	@mkdir -p $(EXAMPLES)
	$(CC) $(EXAMPLE_FLAGS) $(HOTC) -o $@ -ltcc $(WITH_SHARED)
$(EXAMPLES)/%-shared: examples-c/%.c $(HEADERS) $(SHARED) | all
	@mkdir -p $(EXAMPLES)
	$(CC) $(EXAMPLE_FLAGS) $< -o $@ $(WITH_SHARED)
$(EXAMPLES)/%: examples-c/%.c $(HEADERS) $(STATIC)
	@mkdir -p $(EXAMPLES)
	$(CC) $(EXAMPLE_FLAGS) $< -o $@ $(WITH_ARCHIVE)

# --- the arena for WebAssembly: the same source, without Rust's library; the C core is for the test ---

RUSTC ?= rustc
WASM := target/wasm
WASM_SOURCES := $(wildcard wasm/*.rs src/arena/bump/*.rs)
WASM_RUSTC = $(RUSTC) --edition 2024 --target wasm32-unknown-unknown -C opt-level=3 -C panic=abort -C codegen-units=1 \
    -C overflow-checks=off --crate-name feather_arena
WASM_MODULE = $(WASM_RUSTC) --crate-type cdylib --cfg module -C lto=fat -C strip=debuginfo
# Rust brings a linker of its own version; an older one does not say where the heap ends.
WASM_LD = $(or $(firstword $(wildcard $(shell $(RUSTC) --print sysroot)/lib/rustlib/*/bin/rust-lld)),ld.lld) -flavor wasm
FEATHER := $(addprefix feather_arena_,alloc save rewind reset used capacity) alloc free

wasm-modules: $(WASM)/feather_arena.wasm $(WASM)/feather_arena_import.wasm $(WASM)/feather_arena.o \
    $(if $(shell command -v clang),$(WASM)/core.wasm)

$(WASM)/feather_arena.wasm: $(WASM_SOURCES)
	@mkdir -p $(WASM)
	$(WASM_MODULE) -o $@ wasm/arena.rs
# For a host that makes the memory.
$(WASM)/feather_arena_import.wasm: $(WASM_SOURCES)
	@mkdir -p $(WASM)
	$(WASM_MODULE) -C link-arg=--import-memory -o $@ wasm/arena.rs
# For C cores: wasm-ld core.o feather_arena.o, exporting what the host is to call.
$(WASM)/feather_arena.o: $(WASM_SOURCES)
	@mkdir -p $(WASM)
	$(WASM_RUSTC) --crate-type lib --emit obj=$@ wasm/arena.rs
$(WASM)/core.wasm: wasm/core.c wasm/feather_arena.h $(WASM)/feather_arena.o
	clang --target=wasm32 -std=c11 -O2 -ffreestanding -Wall -Wextra -Wpedantic -Werror -c $< -o $(WASM)/core.o
	$(WASM_LD) --no-entry $(FEATHER:%=--export=%) $(WASM)/core.o $(WASM)/feather_arena.o -o $@

wasm:
	@c-tests/setup.sh wasm
	@c-tests/run.sh wasm

# --- running and checking: setup first, for the library looks for valgrind's headers when it is built ---

setup:
	@c-tests/setup.sh

run: setup
	@$(MAKE) --no-print-directory examples
	@set -e; for example in $(SINGLE); do echo "--- $$example"; $(EXAMPLES)/$$example; done
	@echo '--- hotc'; HOTC=$(EXAMPLES)/hotc examples-c/hotc/run.sh
	@echo '--- minirt'; MINIRT=$(EXAMPLES)/minirt examples-c/run.sh
	@echo '--- tinytcl'; TINYTCL=$(EXAMPLES)/tinytcl examples-c/tinytcl/run.sh
	@echo '--- miniprolog'; MINIPROLOG=$(EXAMPLES)/miniprolog examples-c/miniprolog/run.sh

test: setup
	@$(MAKE) --no-print-directory all examples
	@c-tests/run.sh rust header symbols examples link tools wasm programs helgrind install

check-header check-symbols check-programs check-helgrind check-link check-tools: check-%: all
	@c-tests/run.sh $*

check-aarch64:
	@c-tests/run.sh aarch64

installcheck: all
	@c-tests/run.sh install

FUZZ_SECONDS ?= 60
fuzz:
	@FUZZ_SECONDS=$(FUZZ_SECONDS) c-tests/run.sh fuzz

tsan:
	@c-tests/run.sh tsan

loom:
	@c-tests/run.sh loom

SOAK_SECONDS ?= 10
soak: all
	@SOAK_SECONDS=$(SOAK_SECONDS) c-tests/run.sh soak

# A crate that cannot be fetched is a row that says so, not the end.
bench: setup
	@benches/setup.sh
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory -f benches/build.mk all
	@$(MAKE) --no-print-directory -f benches/build.mk crates || echo 'bench: the peers that are Rust crates are left out'
	@PYTHONDONTWRITEBYTECODE=1 python3 benches/run.py

clean:
	rm -rf target
