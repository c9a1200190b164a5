# Builds the benchmark drivers into target/bench, one for each backend. A backend whose package is not installed is not
# built; benches/run.py tells of it. Run by `make bench` from the top folder, after the library.

CXX   ?= g++
CARGO ?= cargo
OUT   := target/bench
FLAGS := -std=c++17 -O2 -g -Wall -Wextra -Wpedantic -Werror -pthread -Iinclude
OURS  := target/dist/liblifecycle.a
PEERS := $(OUT)/peers/release/libpeers.a
# Ours by call, and a peer by call: each in its shared library.
SHARED       := target/dist/liblifecycle.so
SHARED_PEERS := $(OUT)/peers/release/libpeers.so

SWI := /usr/lib/swi-prolog

# $(call have,header): not empty where a package has put it.
have = $(wildcard /usr/include/$1 /usr/include/*-linux-gnu/$1)

BACKENDS := code-ours_raw code-ours_safe code-naive readers-ours readers-refcount readers-rwlock entry-entry \
            sweep-ours sweep-map arena-ours_inline arena-ours_call arena-obstack arena-malloc \
            values-ours values-copying heap-ours names-ours names-hsearch names-tombstones mapping-ours mapping-raw \
            module-ours
BACKENDS += $(if $(call have,asmjit/core.h),code-asmjit_dual code-asmjit_fill code-asmjit_rwx)
BACKENDS += $(if $(call have,urcu/urcu-memb.h),readers-urcu_memb readers-urcu_qsbr)
BACKENDS += $(if $(call have,ck_epoch.h),readers-ck)
BACKENDS += $(if $(call have,ck_ht.h),names-ck_ht names-ck_ht_gc)
BACKENDS += $(if $(call have,uthash.h),names-uthash module-raw)
BACKENDS += $(if $(call have,apr-1.0/apr_pools.h),arena-apr)
BACKENDS += $(if $(call have,talloc.h),arena-talloc)
BACKENDS += $(if $(call have,mimalloc.h),arena-mimalloc)
BACKENDS += $(if $(call have,lua5.4/lua.hpp),values-lua heap-lua)
BACKENDS += $(if $(call have,gc/gc.h),heap-boehm_1 heap-boehm_2)
BACKENDS += $(if $(wildcard $(SWI)/include/SWI-Prolog.h),values-swi)
BACKENDS += $(if $(wildcard /usr/bin/swipl),heap-swi)

.PHONY: all
.DELETE_ON_ERROR:
all: $(BACKENDS:%=$(OUT)/%)

WORKLOADS := $(addprefix benches/code/,main.cpp fill.cpp churn.cpp threads.cpp publisher.cpp replace.cpp modules.cpp \
                 lookup.cpp fork.cpp)
OBJECTS   := $(WORKLOADS:benches/code/%.cpp=$(OUT)/code-%.o)
# The header is in every driver of ours, and more of it than declarations.
COMMON    := $(wildcard benches/common/*.hpp include/*.h)
.SECONDARY: $(OBJECTS)

$(OUT)/code-%.o: benches/code/%.cpp benches/code/workload.hpp benches/code/backend.hpp $(COMMON)
	@mkdir -p $(OUT)
	$(CXX) $(FLAGS) -c $< -o $@

# What each backend is linked with, and with which words it is compiled.
$(OUT)/code-ours_% $(OUT)/readers-ours $(OUT)/entry-entry $(OUT)/sweep-ours: LIBS := $(OURS) $(NATIVE_LIBS)
$(OUT)/code-ours_raw $(OUT)/code-ours_safe $(OUT)/readers-ours $(OUT)/entry-entry $(OUT)/sweep-ours: $(OURS)
# What is measured is the call, not where the loop around it happens to lie.
$(OUT)/entry-entry: WORDS := -falign-loops=64 -falign-functions=64
$(OUT)/code-asmjit_dual: WORDS := -DOPTIONS=1
$(OUT)/code-asmjit_fill: WORDS := -DOPTIONS=5
$(OUT)/code-asmjit_rwx: WORDS := -DOPTIONS=0
$(OUT)/code-asmjit_%: LIBS := -lasmjit -lrt
$(OUT)/readers-urcu_memb: LIBS := -lurcu-memb -lurcu-common
$(OUT)/readers-urcu_qsbr: LIBS := -lurcu-qsbr -lurcu-common
$(OUT)/readers-ck: LIBS := -lck
# Its headers are C: they convert from void * without a cast.
$(OUT)/readers-ck: WORDS := -fpermissive

$(OUT)/arena-ours_inline $(OUT)/heap-ours: LIBS := $(OURS) $(NATIVE_LIBS)
$(OUT)/arena-ours_inline $(OUT)/heap-ours: $(OURS)
$(OUT)/arena-ours_call $(OUT)/values-ours: LIBS := -L$(dir $(SHARED)) -Wl,-rpath,'$$ORIGIN/../dist' -llifecycle
$(OUT)/arena-ours_call $(OUT)/values-ours: $(SHARED)
$(OUT)/names-ours $(OUT)/mapping-ours $(OUT)/module-ours: \
    LIBS := -L$(dir $(SHARED)) -Wl,-rpath,'$$ORIGIN/../dist' -llifecycle
$(OUT)/names-ours $(OUT)/mapping-ours $(OUT)/module-ours: $(SHARED)
$(OUT)/names-ck_ht $(OUT)/names-ck_ht_gc: LIBS := -lck
$(OUT)/names-ck_ht: WORDS := -fpermissive -DGC=0
$(OUT)/names-ck_ht_gc: WORDS := -fpermissive -DGC=1
$(OUT)/arena-apr: LIBS := -lapr-1
$(OUT)/arena-talloc: LIBS := -ltalloc
$(OUT)/arena-mimalloc: LIBS := -lmimalloc
$(OUT)/values-lua $(OUT)/heap-lua: LIBS := -llua5.4
$(OUT)/heap-lua: WORDS := -DSCRIPT='"benches/heap/lua.lua"'
$(OUT)/heap-boehm_1: WORDS := -DMARKERS='"1"'
$(OUT)/heap-boehm_2: WORDS := -DMARKERS='"2"'
$(OUT)/heap-boehm_%: LIBS := -lgc
$(OUT)/values-swi: LIBS := $(addprefix -L,$(wildcard $(SWI)/lib/*)) -lswipl
$(OUT)/values-swi: WORDS := -isystem $(SWI)/include

$(OUT)/code-asmjit_%: benches/code/asmjit.cpp $(OBJECTS)
	$(CXX) $(FLAGS) $(WORDS) $< $(OBJECTS) -o $@ $(LIBS)
$(OUT)/code-%: benches/code/%.cpp benches/code/ours.hpp $(OBJECTS)
	$(CXX) $(FLAGS) $(WORDS) $< $(OBJECTS) -o $@ $(LIBS)
$(OUT)/readers-%: benches/readers/%.cpp benches/readers/readers.hpp $(COMMON)
	$(CXX) $(FLAGS) $(WORDS) $< -o $@ $(LIBS)
$(OUT)/entry-%: benches/entry/%.cpp $(COMMON)
	$(CXX) $(FLAGS) $(WORDS) $< -o $@ $(LIBS)
$(OUT)/sweep-%: benches/sweep/%.cpp benches/sweep/sweep.hpp $(COMMON)
	$(CXX) $(FLAGS) $< -o $@ $(LIBS)
$(OUT)/arena-%: benches/arena/%.cpp $(wildcard benches/arena/*.hpp) $(COMMON)
	$(CXX) $(FLAGS) $(WORDS) $< -o $@ $(LIBS)
$(OUT)/values-%: benches/values/%.cpp benches/values/values.hpp $(COMMON)
	$(CXX) $(FLAGS) $(WORDS) $< -o $@ $(LIBS)
$(OUT)/heap-boehm_%: benches/heap/boehm.cpp $(wildcard benches/heap/*.hpp) $(COMMON)
	$(CXX) $(FLAGS) $(WORDS) $< -o $@ $(LIBS)
# A script, and run as one.
$(OUT)/heap-swi: benches/heap/swi.pl
	@mkdir -p $(OUT)
	install -m 755 $< $@
$(OUT)/heap-%: benches/heap/%.cpp $(wildcard benches/heap/*.hpp) $(COMMON)
	$(CXX) $(FLAGS) $(WORDS) $< -o $@ $(LIBS)
$(OUT)/names-ck_ht_gc: benches/names/ck_ht.cpp $(wildcard benches/names/*.hpp) $(COMMON)
	$(CXX) $(FLAGS) $(WORDS) $< -o $@ $(LIBS)
$(OUT)/names-%: benches/names/%.cpp $(wildcard benches/names/*.hpp) $(COMMON)
	$(CXX) $(FLAGS) $(WORDS) $< -o $@ $(LIBS)
$(OUT)/mapping-%: benches/mapping/%.cpp $(wildcard benches/mapping/*.hpp) $(COMMON)
	$(CXX) $(FLAGS) $(WORDS) $< -o $@ $(LIBS)
$(OUT)/module-%: benches/module/%.cpp $(wildcard benches/module/*.hpp) $(COMMON)
	$(CXX) $(FLAGS) $(WORDS) $< -o $@ $(LIBS)

# The peers that are Rust crates: apart, for they need the network once, and what fails is only their rows.
.PHONY: crates
CRATES := $(addprefix $(OUT)/,code-crate readers-crossbeam arena-bumpalo_inline)
CALLED := $(addprefix $(OUT)/,arena-bumpalo_call values-slotmap names-hashbrown names-btree)
crates: $(CRATES) $(CALLED)
$(CRATES): LIBS := $(PEERS) $(NATIVE_LIBS)
$(CRATES) $(CALLED): $(PEERS)
$(CALLED): LIBS := -L$(dir $(SHARED_PEERS)) -Wl,-rpath,'$$ORIGIN/peers/release' -l:libpeers.so
$(PEERS): $(wildcard benches/peers/Cargo.* benches/peers/src/*.rs)
	$(CARGO) build --quiet --release --manifest-path benches/peers/Cargo.toml --target-dir $(OUT)/peers
	@touch $@
