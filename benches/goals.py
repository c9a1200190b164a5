"""The goals, as something that figures reach or do not. Nobody writes "reached" by hand."""

from dataclasses import dataclass
from typing import Optional

import plan


@dataclass(frozen=True)
class Goal:
    """`ours` and `peer` are (workload, backend, metric). The bound is a multiple of the peer's figure, unless it is
    `absolute`: then the peer only stands beside ours."""

    area: str
    what: str
    says: str
    ours: tuple
    bound: float
    peer: Optional[tuple] = None
    absolute: bool = False
    at_least: bool = False
    unit: str = "ns"
    base: Optional[tuple] = None  # taken off ours first


def _of(results, place):
    workload, backend, metric = place
    if backend in results.failures.get(workload, {}):
        return None
    values = results.values.get(workload, {}).get(backend, {}).get(metric)
    return plan.typical(workload, values) if values else None


def judge(goal, results):
    """(ours, peer or None, "reached" or "not reached" or why it cannot be said)."""
    ours = _of(results, goal.ours)
    if ours is None:
        return None, None, "not measured"
    if goal.base is not None:
        base = _of(results, goal.base)
        if base is None:
            return None, None, "not measured"
        ours = max(0.0, ours - base)
    peer = _of(results, goal.peer) if goal.peer else None
    if not goal.absolute and peer is None:
        return ours, None, "peer not measured"
    bound = goal.bound * (1 if goal.absolute else peer)
    good = ours >= bound if goal.at_least else ours <= bound
    return ours, peer, "**reached**" if good else "not reached"


def goals():
    """In the order of the report."""
    listed = []
    for kind, sizes in (("U", "8..1031 B"), ("L", "lognormal")):
        place = f"churn {kind}"
        peer = (place, "asmjit_dual")
        listed += [
            Goal("code", f"allocate p50, 20,000 live, {sizes}", "under 1/5 of asmjit dual",
                 (place, "ours_raw", "alloc_p50"), 1 / 5, (*peer, "alloc_p50")),
            Goal("code", f"allocate p99, 20,000 live, {sizes}", "under 1/8 of asmjit dual",
                 (place, "ours_raw", "alloc_p99"), 1 / 8, (*peer, "alloc_p99")),
            Goal("code", f"whole cycle, raw, {sizes}", "under 1/50 of mmap+mprotect",
                 (place, "ours_raw", "cycle_ns"), 1 / 50, (place, "naive", "cycle_ns")),
            Goal("code", f"whole cycle, safe, {sizes}", "under 1/50 of mmap+mprotect",
                 (place, "ours_safe", "cycle_ns"), 1 / 50, (place, "naive", "cycle_ns")),
            Goal("code", f"resident / requested, {sizes}", "1.10 or less",
                 (f"fill 20000 {kind}", "ours_safe", "resident_ratio"), 1.10,
                 (f"fill 20000 {kind}", "asmjit_dual", "resident_ratio"), absolute=True, unit="x"),
        ]
    for kind in ("raw", "safe"):
        listed.append(Goal("code", f"two threads, shared, {kind}", "at least 1.5 times one thread",
                           ("threads", f"ours_{kind}", "scaling"), 1.5, ("threads", "asmjit_dual", "scaling"),
                           absolute=True, at_least=True, unit="x"))
    listed.append(Goal("code", "publish and free beside a running executor", "within 1.5x of asmjit dual",
                       ("publisher", "ours_safe", "cycle_ns"), 1.5, ("publisher", "asmjit_dual", "cycle_ns")))
    for peer, name in (("naive", "100 munmap"), ("asmjit_dual", "100 asmjit releases"),
                       ("ours_safe", "100 own unmaps")):
        listed.append(Goal("code", f"unload one of 1,000 modules against {name}", "10x cheaper",
                           ("modules", "ours_safe", "unload_ns"), 1 / 10, ("modules", peer, "singles_ns")))
    listed += [
        Goal("code", "lookup of a program counter: right answers", "always",
             ("lookup", "ours_safe", "right_percent"), 100, ("lookup", "asmjit_dual", "right_percent"),
             absolute=True, at_least=True, unit="%"),
        Goal("code", "lookup of a program counter", "under 60 ns", ("lookup", "ours_safe", "lookup_ns"), 60,
             ("lookup", "asmjit_dual", "lookup_ns"), absolute=True),
        Goal("code", "parent's code after a child maps and frees", "survives",
             ("fork", "ours_safe", "parent_survives"), 1, ("fork", "asmjit_dual", "parent_survives"),
             absolute=True, at_least=True, unit="yes"),
        Goal("entry", "marked by the host, over a direct call", "0.5 ns or less",
             ("entry", "entry", "entry_host_mark_1"), 0.5, base=("entry", "entry", "direct_1"),
             absolute=True),
        Goal("entry", "marked by the entry, over a direct call", "0.5 ns or less",
             ("entry", "entry_stub", "stub_mark_1"), 0.5, base=("entry", "entry_stub", "direct_1"),
             absolute=True),
        Goal("readers", "enter and leave", "1 ns or less", ("readers", "ours", "pair_ns"), 1.0,
             ("readers", "urcu_memb", "pair_ns"), absolute=True),
        Goal("sweep", "1,000,000 tracked, 1 % stale: count", "100 us or less",
             ("sweep 1000000", "ours", "count_ns"), 100000, ("sweep 1000000", "map", "count_ns"), absolute=True),
        Goal("sweep", "1,000,000 tracked, 1 % stale: evict", "100 us or less",
             ("sweep 1000000", "ours", "sweep_ns"), 100000, ("sweep 1000000", "map", "sweep_ns"), absolute=True),
        Goal("arena", "allocate 8..64 B and touch, inline", "1.2 ns or less", ("arena", "ours_inline", "alloc_ns"), 1.2,
             ("arena", "bumpalo_inline", "alloc_ns"), absolute=True),
        Goal("arena", "allocate 8..64 B and touch, by call", "2.0 ns or less", ("arena", "ours_call", "alloc_ns"), 2.0,
             ("arena", "bumpalo_call", "alloc_ns"), absolute=True),
        Goal("arena", "the same in cache, inline", "1.2 ns or less", ("arena", "ours_inline", "eval_ns"), 1.2,
             ("arena", "bumpalo_inline", "eval_ns"), absolute=True),
        Goal("arena", "the same in cache, by call", "2.0 ns or less", ("arena", "ours_call", "eval_ns"), 2.0,
             ("arena", "bumpalo_call", "eval_ns"), absolute=True),
        Goal("arena", "reset after 36 MB", "5 ns or less", ("arena", "ours_inline", "reset_ns"), 5,
             ("arena", "bumpalo_inline", "reset_ns"), absolute=True),
        Goal("arena", "reset in cache: over one object", "5 ns or less", ("arena", "ours_inline", "one_ns"), 5,
             absolute=True, base=("arena", "ours_inline", "eval_ns")),
        Goal("arena", "reset after 36 MB: system calls", "none", ("arena", "ours_inline", "reset_calls"), 0,
             ("arena", "mimalloc", "reset_calls"), absolute=True, unit=""),
        Goal("arena", "36 MB again: page faults", "none", ("arena", "ours_inline", "refill_faults"), 0,
             ("arena", "bumpalo_inline", "refill_faults"), absolute=True, unit=""),
        Goal("values", "make and read a handle", "3.2 ns or less", ("values handles", "ours", "make_get_ns"), 3.2,
             ("values handles", "lua", "make_get_ns"), absolute=True),
    ]
    for count in (10, 1000, 1000000):
        place = f"values drop {count}"
        listed.append(Goal("values", f"drop {count:,} handles", "5 ns or less", (place, "ours", "drop_ns"), 5,
                           (place, "slotmap", "drop_ns"), absolute=True))
    flat, deep, many = "values lists", "values deep 1000000", "values append 1000000"
    listed += [
        Goal("values", "materialise 1,000 integers, for one", "5 ns or less", (flat, "ours", "ints_keep_ns"), 5,
             (flat, "swi", "ints_keep_ns"), absolute=True),
        Goal("values", "wrap 1,000 integers, for one", "0.1 ns or less", (flat, "ours", "ints_wrap_ns"), 0.1,
             (flat, "swi", "ints_wrap_ns"), absolute=True),
        Goal("values", "materialise 1,000,000 levels, for one", "12 ns or less", (deep, "ours", "deep_keep_ns"), 12,
             (deep, "swi", "deep_keep_ns"), absolute=True),
        Goal("values", "wrap 1,000,000 levels and walk down, for one", "3 ns or less",
             (deep, "ours", "deep_read_ns"), 3, (deep, "swi", "deep_read_ns"), absolute=True),
        Goal("values", "append at 1,000,000 elements", "within 2x of 1,000", (many, "ours", "append_ns"), 2,
             ("values append 1000", "ours", "append_ns")),
        Goal("values", "append at 1,000,000 elements, one eval", "within 2x of 1,000",
             (many, "ours_inside", "append_ns"), 2, ("values append 1000", "ours_inside", "append_ns")),
        Goal("values", "bytes that 990,000 evals more hold", "none", ("values stress 990000", "ours", "bytes_grown"), 0,
             ("values stress 990000", "lua", "bytes_grown"), absolute=True, unit="B"),
    ]
    return listed + name_goals() + module_goals() + heap_goals()


def name_goals():
    """Of tables of names: what churn may cost is said in terms of itself."""
    listed = []
    for count, bound in ((1000, 8), (100000, 60), (1000000, 150)):
        place = f"names lookup {count}"
        listed.append(Goal("names", f"lookup by call, {count:,} names", f"{bound} ns or less",
                           (place, "ours", "hit_ns"), bound, (place, "hashbrown", "hit_ns"), absolute=True))
    churn, gone, shared = "names churn 100000", f"names unload {plan.NAMES_OF_OTHERS[-1]}", "names threads 100000"
    listed += [
        Goal("names", "lookup by inline cache", "2 ns or less", ("names cached 100000", "ours", "cached_ns"), 2,
             absolute=True),
        Goal("names", "two threads that look up", "at least 1.9 times one thread", (shared, "ours", "scaling"), 1.9,
             (shared, "hashbrown_rwlock", "scaling"), absolute=True, at_least=True, unit="x"),
        Goal("names", "10,000,000 times one out, one in: p99.9 / p50", "10 or less", (churn, "ours", "tail_ratio"), 10,
             (churn, "hashbrown", "tail_ratio"), absolute=True, unit="x"),
        Goal("names", "the same: mean of the last tenth / of the first", "1.2 or less",
             (churn, "ours", "drift_ratio"), 1.2, (churn, "hashbrown", "drift_ratio"), absolute=True, unit="x"),
        Goal("names", "unload one of 100 modules of 10,000 names, for a name", "40 ns or less",
             (gone, "ours", "unload_ns"), 40, (gone, "hashbrown", "unload_ns"), absolute=True),
    ]
    for count in plan.RANGES:
        place = f"names live {count}"
        listed.append(Goal("names", f"is an id live, {ranges(count)}", "4 ns or less", (place, "ours", "live_ns"),
                           4, (place, "hashbrown", "live_ns"), absolute=True))
    return listed


def ranges(count):
    """In words."""
    return f"{count:,} range" + ("s" if count > 1 else "")


def module_goals():
    """Of files in memory, and of modules."""
    hit = f"mapping hit {plan.MAPPED[0]}"
    listed = [Goal("mapping", "one more user of a mapping, by id", "50 ns or less", (hit, "ours", "id_ns"), 50,
                   (hit, "raw", "path_ns"), absolute=True)]
    for size, title in plan.FILES.items():
        place = f"mapping cycle {size}"
        listed.append(Goal("mapping", f"first and last user of a file of {title}", "within 1.2x of the raw calls",
                           (place, "ours", "cycle_ns"), 1.2, (place, "raw", "cycle_ns")))
    alone, beside = (f"module cycle {plan.OTHERS[at]}" for at in (0, -1))
    cycles = f"module cycles {plan.CYCLES[-1]}"
    return listed + [
        Goal("module", "load and unload, 10 symbols, 2 mappings, 20 names", "10 us or less",
             (alone, "ours", "cycle_ns"), 10000, (alone, "raw", "cycle_ns"), absolute=True),
        Goal("module", f"the same beside {plan.OTHERS[-1]:,} others", "within 1.2x of none",
             (beside, "ours", "cycle_ns"), 1.2, (alone, "ours", "cycle_ns")),
        Goal("module", f"the same to the {plan.CYCLES[-1]:,}th time", "within 1.2x of the 10,000th",
             (cycles, "ours", f"to_{plan.CYCLES[-1]}"), 1.2, (cycles, "ours", "to_10000")),
    ]


def heap_goals():
    """A collector's: for a live cell, for an object, for the program that waits."""
    most, listed = plan.CELLS[-1], []
    for shape, bound, peer in (("list", 1.6, "swi"), ("tree", 2.0, "swi"), ("records", 1.6, "swi"),
                               ("shuffled-tree", 6, "boehm_1"), ("shuffled-list", 85, "boehm_1")):
        place = f"heap {shape} {most}"
        listed.append(Goal("heap", f"mark and sweep a cell, {plan.COLLECTED[shape]}", f"{bound} ns or less",
                           (place, "ours", "cell_ns"), bound, (place, peer, "cell_ns"), absolute=True))
    for place, what in (("heap churn 0", "short-lived objects"),
                        ("heap churn 1000000", "the same beside 1,000,000 live cells"),
                        ("heap holes 10000000", "in holes, every second pair dead")):
        listed.append(Goal("heap", f"allocate with its share of collecting, {what}", "under 5 ns",
                           (place, "ours", "object_ns"), 5, (place, "boehm_1", "object_ns"), absolute=True))
    place = f"heap list {most}"
    listed.append(Goal("heap", f"pause with {most:,} live cells in order", "20 ms or less",
                       (place, "ours", "collect_ns"), 20e6, (place, "swi", "collect_ns"), absolute=True))
    return listed
