"""The goals, as something that figures reach or do not. Nobody writes "reached" by hand."""

from dataclasses import dataclass
from statistics import median
from typing import Optional


@dataclass(frozen=True)
class Goal:
    """`ours` and `peer` are (workload, backend, metric). With a peer, the bound is a multiple of the peer's figure."""

    area: str
    what: str
    says: str
    ours: tuple
    bound: float
    peer: Optional[tuple] = None
    at_least: bool = False
    unit: str = "ns"
    base: Optional[tuple] = None  # taken off ours first


def _of(results, place):
    workload, backend, metric = place
    if backend in results.failures.get(workload, {}):
        return None
    values = results.values.get(workload, {}).get(backend, {}).get(metric)
    return median(values) if values else None


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
    if goal.peer and peer is None:
        return ours, None, "peer not measured"
    bound = goal.bound * (peer if goal.peer else 1)
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
                 (f"fill 20000 {kind}", "ours_safe", "resident_ratio"), 1.10, unit="x"),
        ]
    for kind in ("raw", "safe"):
        listed.append(Goal("code", f"two threads, shared, {kind}", "at least 1.5 times one thread",
                           ("threads", f"ours_{kind}", "scaling"), 1.5, at_least=True, unit="x"))
    listed.append(Goal("code", "publish and free beside a running executor", "within 1.5x of asmjit dual",
                       ("publisher", "ours_safe", "cycle_ns"), 1.5, ("publisher", "asmjit_dual", "cycle_ns")))
    for peer, name in (("naive", "100 munmap"), ("asmjit_dual", "100 asmjit releases"), ("ours_safe", "100 own unmaps")):
        listed.append(Goal("code", f"unload one of 1,000 modules against {name}", "10x cheaper",
                           ("modules", "ours_safe", "unload_ns"), 1 / 10, ("modules", peer, "singles_ns")))
    listed += [
        Goal("code", "lookup of a program counter: right answers", "always",
             ("lookup", "ours_safe", "right_percent"), 100, at_least=True, unit="%"),
        Goal("code", "lookup of a program counter", "under 60 ns", ("lookup", "ours_safe", "lookup_ns"), 60),
        Goal("code", "parent's code after a child maps and frees", "survives",
             ("fork", "ours_safe", "parent_survives"), 1, at_least=True, unit="yes"),
        Goal("entry", "marked by the host, over a direct call", "0.5 ns or less",
             ("entry", "entry", "entry_host_mark_1"), 0.5, base=("entry", "entry", "direct_1")),
        Goal("entry", "marked by the entry, over a direct call", "0.5 ns or less",
             ("entry", "entry_stub", "stub_mark_1"), 0.5, base=("entry", "entry_stub", "direct_1")),
        Goal("readers", "enter and leave", "1 ns or less", ("readers", "ours", "pair_ns"), 1.0),
        Goal("sweep", "1,000,000 tracked, 1 % stale: count", "100 us or less",
             ("sweep 1000000", "ours", "count_ns"), 100000),
        Goal("sweep", "1,000,000 tracked, 1 % stale: evict", "100 us or less",
             ("sweep 1000000", "ours", "sweep_ns"), 100000),
        Goal("sweep", "1,000,000 tracked, in use: a sweep every epoch", "100 us or less",
             ("sweep 1000000", "ours", "steady_p50"), 100000),
    ]
    return listed
