"""What is run: which workload, over which backends, how often. Nothing here runs or judges it."""

from dataclasses import dataclass
from statistics import median

OURS = ["ours_raw", "ours_safe"]
ALLOCATORS = ["ours_raw", "asmjit_dual", "ours_safe", "asmjit_rwx", "naive", "asmjit_fill", "crate"]
ARENAS = ["ours_inline", "ours_call", "bumpalo_inline", "bumpalo_call", "apr", "obstack", "talloc", "mimalloc",
          "malloc"]
READERS = ["ours", "urcu_memb", "urcu_qsbr", "ck", "crossbeam", "refcount", "rwlock"]
CURVE = [1000, 5000, 20000, 50000, 100000]
TRACKED = [10000, 100000, 1000000]
DROPPED = [10, 1000, 100000, 1000000]
APPENDED = [100, 1000, 2000, 10000, 100000, 1000000]
COLLECTED = {"list": "list in order", "tree": "tree, depth first", "records": "records",
             "shuffled-tree": "shuffled tree", "shuffled-list": "shuffled list"}
CELLS = [100000, 1000000, 10000000]
LIVE = [1, 50, 99]
COLLECTORS = ["ours", "boehm_1", "boehm_2", "swi", "lua"]
TABLES = ["ours", "hashbrown", "uthash", "ck_ht"]
SHARED_TABLES = ["ours", "hashbrown_mutex", "hashbrown_rwlock", "uthash_mutex", "uthash_rwlock", "ck_ht", "ck_ht_mutex"]
NAMES = [100, 1000, 10000, 100000, 1000000]
# The hash of glibc's table leads names that differ in digits to the same places: it takes minutes beyond this.
HSEARCH_MOST = 10000
NAMES_OF_OTHERS = [10000, 100000, 990000]
RANGES = [1, 100, 10000]
MAPPED = [100, 1000, 10000, 100000]
FILES = {4096: "4 KiB", 65536: "64 KiB", 1048576: "1 MiB"}
OTHERS = [0, 100, 10000]
CYCLES = [100, 1000, 10000, 100000, 1000000]
LEAVES = [100, 1000, 10000, 100000]
CHAINED = [100, 1000, 10000]
# What copies all of a variable for each append takes hours beyond this.
COPYING_MOST = 2000

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
    "ours_inline": "ours, inline",
    "ours_call": "ours, by call",
    "bumpalo_inline": "bumpalo, inline",
    "bumpalo_call": "bumpalo, by call",
    "apr": "APR pool",
    "obstack": "obstack",
    "talloc": "talloc",
    "mimalloc": "mimalloc heap",
    "malloc": "malloc and free",
    "ours_inside": "ours, one eval",
    "lua": "Lua",
    "swi": "SWI-Prolog",
    "slotmap": "slotmap",
    "copying": "copies all",
    "boehm_1": "Boehm, 1 marker",
    "boehm_2": "Boehm, 2 markers",
    "map": "hash map scan",
    "hashbrown": "hashbrown",
    "hashbrown_mutex": "hashbrown, mutex",
    "hashbrown_rwlock": "hashbrown, rwlock",
    "uthash": "uthash",
    "uthash_mutex": "uthash, mutex",
    "uthash_rwlock": "uthash, rwlock",
    "ck_ht": "ck_ht",
    "ck_ht_gc": "ck_ht, collected",
    "ck_ht_mutex": "ck_ht, mutex",
    "hsearch": "hsearch_r",
    "tombstones": "only tombstones",
    "btree": "BTreeMap of ranges",
    "raw": "raw calls",
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
        if backend == "ours_inside":
            return "values-ours", self.arguments.replace("append", "append_inside").split()
        if self.area == "names" and backend == "ours_call":
            return "names-ours", self.arguments.replace("live", "live_call").split()
        driver, _, lock = backend.rpartition("_")
        if driver and lock in ("mutex", "rwlock"):
            return f"{self.area}-{driver}", [*self.arguments.split(), lock]
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
        Workload("arena", "arena", "", tuple(ARENAS)),
        Workload("arena huge", "arena", "huge", tuple(ARENAS), 3),
    ]
    for count in CURVE:
        plan.append(code(f"curve {count}", f"churn {count} 10000 U", OURS + ["asmjit_dual", "naive"], 2))
    for count in TRACKED:
        most = 3 if count >= 1000000 else 1000
        plan.append(Workload(f"sweep {count}", "sweep", str(count), ("ours", "map"), most))
    return plan + name_workloads() + module_workloads() + value_workloads() + heap_workloads()


def name_workloads():
    """Tables of names, by how many there are; beside other threads; for ever; and a module that goes."""

    def names(arguments, *backends, most=1000):
        return Workload(f"names {arguments}", "names", arguments, backends, most)

    plan = []
    for count in NAMES:
        most = 3 if count >= 1000000 else 1000
        hsearch = ["hsearch"] if count <= HSEARCH_MOST else []
        plan += [names(f"lookup {count}", *TABLES, *hsearch, most=most),
                 names(f"change {count}", *TABLES, most=most)]
    plan += [names("cached 100000", "ours"), names("threads 100000", *SHARED_TABLES, most=3),
             names("churn 100000", *TABLES, "ck_ht_gc", "tombstones", most=2)]
    plan += [names(f"unload {count}", *TABLES, most=3) for count in NAMES_OF_OTHERS]
    return plan + [names(f"live {count}", "ours", "ours_call", "hashbrown", "btree") for count in RANGES]


def module_workloads():
    """Files in memory, and modules that have some, with code, names and resources."""

    def mapping(arguments, most=1000):
        return Workload(f"mapping {arguments}", "mapping", arguments, ("ours", "raw"), most)

    def module(arguments, *backends, most=1000):
        return Workload(f"module {arguments}", "module", arguments, ("ours", *backends), most)

    plan = [mapping(f"hit {count}", 2 if count >= 100000 else 1000) for count in MAPPED]
    plan += [mapping(f"cycle {size}") for size in FILES] + [mapping("threads 100", 3)]
    plan.append(Workload("mapping threads_by_id 100", "mapping", "threads_by_id 100", ("ours",), 3))
    plan += [module(f"cycle {count}", *(["raw"] if count == 0 else []), most=3 if count >= 10000 else 1000)
             for count in OTHERS]
    plan.append(module(f"cycles {CYCLES[-1]}", most=1))
    plan += [module(f"star {count}", most=3) for count in LEAVES]
    return plan + [module(f"chain {count}", most=3) for count in CHAINED]


def value_workloads():
    """An interpreter's values: each with the peers that can do such a thing."""

    def values(arguments, *backends, most=1000):
        return Workload(f"values {arguments}", "values", arguments, backends, most)

    plan = [values("handles", "ours", "lua", "swi", "slotmap"), values("texts", "ours", "lua", "swi"),
            values("lists", "ours", "lua", "swi"), values("deep 1000000", "ours", "lua", "swi"),
            values("shared 16", "ours", "lua", "swi"), values("shared 40", "ours", "swi"),
            values("read 1000000", "ours", "lua"), values("variables", "ours", "lua", "swi"),
            values("bytes", "ours"), values("stress 990000", "ours", "lua", most=3)]
    plan += [values(f"drop {count}", "ours", "lua", "swi", "slotmap") for count in DROPPED]
    for count in APPENDED:
        copying = ["copying"] if count <= COPYING_MOST else []
        plan.append(values(f"append {count}", "ours", "ours_inside", "lua", *copying, most=3))
    return plan


def heap_workloads():
    """A garbage collector's: what lives by its shape, how much there is, how much of it lives; and programs."""

    def heap(arguments, *backends, most=1000):
        return Workload(f"heap {arguments}", "heap", arguments, backends, most)

    plan = []
    for count in CELLS:
        for shape in COLLECTED:
            shuffled = shape.startswith("shuffled")
            # SWI-Prolog takes half a minute to make the largest that is shuffled, Lua ten seconds.
            slow = count > 1000000 and shuffled
            backends = [name for name in COLLECTORS if not (slow and name in ("swi", "lua"))]
            plan.append(heap(f"{shape} {count}", *backends, most=3 if count < 10000000 else 2))
    plan += [heap("list 100000000", "ours", "boehm_1", "boehm_2", most=1),
             heap("tree 100000000", "ours", "boehm_1", most=1)]
    for share in LIVE:
        plan += [heap(f"{shape} 1000000 {share}", *COLLECTORS, most=3) for shape in ("list", "tree", "records")]
        plan.append(heap(f"list 10000000 {share}", "ours", "boehm_1", most=3))
    plan += [heap(f"{program}", *COLLECTORS, most=3) for program in
             ("churn 0", "churn 1000000", "gcbench 0", "trees 14")]
    return plan + [heap("holes 10000000", "ours", "boehm_1", "boehm_2", most=3),
                   heap("wam 100000", "ours", "swi", most=3)]
