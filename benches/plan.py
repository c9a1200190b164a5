"""What is run: which workload, over which backends, how often. Nothing here runs or judges it."""

from dataclasses import dataclass
from statistics import median

OURS = ["ours_raw", "ours_safe"]
ALLOCATORS = ["ours_raw", "asmjit_dual", "ours_safe", "asmjit_rwx", "naive", "asmjit_fill", "crate"]
READERS = ["ours", "urcu_memb", "urcu_qsbr", "ck", "crossbeam", "refcount", "rwlock"]
CURVE = [1000, 5000, 20000, 50000, 100000]
TRACKED = [10000, 100000, 1000000]

TITLES = {
    "ours_raw": "ours, raw",
    "ours_safe": "ours, safe",
    "ours": "ours",
    "asmjit_dual": "asmjit dual",
    "asmjit_rwx": "asmjit RWX",
    "asmjit_fill": "asmjit dual+fill",
    "naive": "mmap+mprotect",
    "crate": "jit-allocator",
    "urcu_memb": "liburcu memb",
    "urcu_qsbr": "liburcu qsbr",
    "ck": "ck_epoch",
    "crossbeam": "crossbeam-epoch",
    "refcount": "shared refcount",
    "rwlock": "pthread rwlock",
    "map": "hash map scan",
    "entry": "ours",
    "entry_stub": "ours",
}


@dataclass(frozen=True)
class Workload:
    """One workload over several backends. `most` limits the runs of those that take long."""

    key: str
    area: str
    arguments: str
    backends: tuple
    most: int = 1000

    def program(self, backend):
        """The driver's name and its arguments."""
        if self.area == "entry":
            return "entry-entry", ["stub"] if backend == "entry_stub" else []
        return f"{self.area}-{backend}", self.arguments.split()


def typical(workload, values):
    """What stands for several runs. A call of a nanosecond depends on where the system happened to put the code, which
    only ever makes it slower: there it is the least."""
    return min(values) if workload == "entry" else median(values)


def workloads():
    """In the order of the report."""

    def code(key, arguments, backends, most=1000):
        return Workload(key, "code", arguments, tuple(backends), most)

    plan = [
        code("churn U", "churn 20000 20000 U", ALLOCATORS),
        code("churn L", "churn 20000 20000 L", ALLOCATORS),
        code("fill 1000 U", "fill 1000 0 U", ALLOCATORS),
        code("fill 20000 U", "fill 20000 0 U", ALLOCATORS),
        code("fill 20000 L", "fill 20000 0 L", ALLOCATORS),
        code("fill 100000 U", "fill 100000 0 U", ALLOCATORS, 2),
        code("threads", "threads 0 150", ALLOCATORS),
        code("publisher", "publisher 0 100", ["ours_safe", "asmjit_dual", "asmjit_rwx", "naive"]),
        code("replace", "replace 0 20000", ["ours_safe", "asmjit_dual", "naive"]),
        code("modules", "modules 1000", ["ours_safe", "asmjit_dual", "naive"], 3),
        code("lookup", "lookup 20000 50000", ["ours_safe", "asmjit_dual", "crate"]),
        code("fork", "fork 1000", OURS + ["asmjit_dual", "asmjit_rwx", "crate", "naive"]),
        Workload("entry", "entry", "", ("entry", "entry_stub")),
        Workload("readers", "readers", "", tuple(READERS)),
    ]
    for count in CURVE:
        plan.append(code(f"curve {count}", f"churn {count} 10000 U", OURS + ["asmjit_dual", "naive"], 2))
    for count in TRACKED:
        most = 3 if count >= 1000000 else 1000
        plan.append(Workload(f"sweep {count}", "sweep", str(count), ("ours", "map"), most))
    return plan
