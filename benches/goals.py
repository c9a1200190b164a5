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
    ]
    return listed
