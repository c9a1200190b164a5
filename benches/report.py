"""Writes benchmarks.md and its plots from the results: every number and every verdict in it is computed here."""

import os
from statistics import median

import goals
import plan
import plots


def show(value, unit):
    """A number with as many digits as it is worth."""
    if unit == "yes":
        return "yes" if value >= 1 else "**no**"
    if unit == "ns":
        for name, size in (("ms", 1e6), ("us", 1e3)):
            if value >= size:
                return f"{digits(value / size)} {name}"
        return f"{digits(value)} ns"
    if unit == "/s":
        for name, size in (("M/s", 1e6), ("k/s", 1e3)):
            if value >= size:
                return f"{digits(value / size)} {name}"
        return f"{digits(value)} /s"
    return f"{value:.2f}" if unit == "x" else f"{digits(value)} {unit}".strip()


def digits(value):
    """Three that count."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def spread(values):
    """Half of what the middle half of the runs covers, as a part of the median."""
    if len(values) < 3 or median(values) == 0:
        return ""
    ordered = sorted(values)
    quarter = len(ordered) // 4
    part = (ordered[-1 - quarter] - ordered[quarter]) / 2 / abs(median(values))
    return f" ±{100 * part:.0f} %" if part >= 0.005 else ""


def cell(results, workload, backend, metric, unit, ratio_to):
    """Median, spread, and how many times ours it is."""
    failures = results.failures.get(workload, {}).get(backend)
    values = results.values.get(workload, {}).get(backend, {})
    if failures:
        runs = len(failures) + max((len(kept) for kept in values.values()), default=0)
        return failures[0] + (f", {len(failures)} of {runs} runs" if "crash" in failures[0] else "")
    if metric not in values:
        return "-"
    text = show(plan.typical(workload, values[metric]), unit) + (spread(values[metric]) if unit != "yes" else "")
    own = results.values.get(workload, {}).get(ratio_to, {}).get(metric)
    if own and backend != ratio_to and not backend.startswith("ours") and unit in ("ns", "/s", "B") and median(own) > 0:
        ratio = median(values[metric]) / median(own)
        text += f" ({digits(ratio)}x)" if ratio >= 0.01 else " (under 0.01x)"
    return text


def table(results, workload, rows, ratio_to):
    """Metrics down, backends across."""
    return tables(results, [(title, workload, metric, unit) for title, metric, unit in rows], ratio_to)


def tables(results, rows, ratio_to):
    """As `table`, each row of a workload of its own."""
    rows = [row for row in rows if row[1] in results.values or row[1] in results.failures]
    if not rows:
        return []
    keys = {row[1] for row in rows}
    backends = dict.fromkeys(name for entry in plan.workloads() if entry.key in keys for name in entry.backends)
    # A backend of ours first, whatever its turn in the runs.
    backends = sorted(backends, key=lambda name: not name.startswith("ours"))
    lines = ["| | " + " | ".join(plan.TITLES[backend] for backend in backends) + " |",
             "|---|" + "---|" * len(backends)]
    for title, workload, metric, unit in rows:
        cells = [cell(results, workload, backend, metric, unit, ratio_to) for backend in backends]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines + [""]


def goals_table(results):
    """All goals; the second result is how many were reached."""
    lines = ["| area | what | goal | ours | peer | peer / ours | |", "|---|---|---|---|---|---|---|"]
    reached = measured = 0
    for goal in goals.goals():
        ours, peer, verdict = goals.judge(goal, results)
        own = show(ours, goal.unit) if ours is not None else "-"
        other = show(peer, goal.unit) if peer is not None else "-"
        other += f" ({plan.TITLES[goal.peer[1]]})" if peer is not None else ""
        ratio = f"{digits(peer / ours)}x" if peer is not None and ours else "-"
        lines.append(f"| {goal.area} | {goal.what} | {goal.says} | {own} | {other} | {ratio} | {verdict} |")
        reached += "**" in verdict
        measured += ours is not None
    return lines + [""], f"{reached} of {measured} goals reached"


STEPS = [(f"{step} {part}", f"{step}_{part}", "ns") for step in ("alloc", "publish", "free")
         for part in ("p50", "p99", "p999", "max")]
FILL = [("fill, each", "fill_ns", "ns"), ("free all, each", "empty_ns", "ns"),
        ("code resident / requested", "resident_ratio", "x"), ("all resident / requested", "all_resident_ratio", "x"),
        ("mapped executable / requested", "reserved_ratio", "x"), ("bookkeeping per symbol", "metadata_bytes", "B"),
        ("mappings made", "mappings", ""), ("code resident / requested, after all is freed", "resident_after", "x")]
WAYS = [("direct", "direct"), ("stable entry", "entry"), ("entry's slot", "slot"),
        ("stable entry, marked by the host", "entry_host_mark"), ("slot, marked by the host", "slot_host_mark")]
ENTRY = [(f"{title}, {threads}", f"{metric}_{number}", "ns")
         for number, threads in ((1, "1 thread"), (2, "2 threads")) for title, metric in WAYS]
STUB = [("direct", "direct_1", "ns"), ("stable entry that marks", "stub_mark_1", "ns"),
        ("direct, 2 threads", "direct_2", "ns"), ("stable entry that marks, 2 threads", "stub_mark_2", "ns")]
SWEEP = [("count the stale", "count_ns", "ns"), ("evict the stale", "sweep_ns", "ns"), ("for each", "evict_ns", "ns"),
         ("a sweep every epoch, each used every tenth, p50", "rotating_p50", "ns"),
         ("the same, longest", "rotating_max", "ns"),
         ("a sweep every epoch, 10,000 uses by Zipf, nothing due, p50", "steady_p50", "ns"),
         ("the same, longest", "steady_max", "ns"),
         ("begin to track", "track_ns", "ns")]

ARENA = [("36 MB from nothing: each object", "first_ns", "ns"), ("page faults of that", "first_faults", ""),
         ("the reset after it", "first_reset_ns", "ns"), ("36 MB again: each object", "alloc_ns", "ns"),
         ("page faults of that", "refill_faults", ""), ("the reset after it", "reset_ns", "ns"),
         ("its system calls", "reset_calls", ""), ("1,000 objects and a reset: each object", "eval_ns", "ns"),
         ("three objects and a reset", "three_ns", "ns"), ("one object and a reset", "one_ns", "ns"),
         ("a text grows to 256 KiB by 64 bytes: each step", "grow_ns", "ns")]
HUGE = [("a round, the first five", "huge_round_ns", "ns"), ("a round, after 70", "huge_later_round_ns", "ns"),
        ("the request alone, after 70", "huge_later_ns", "ns"),
        ("resident after that", "huge_kept_mb", "MB")]
KEPT = [(f"{title}: {step}", f"{metric}_{short}_ns", "ns")
        for title, metric in (("1,000 integers", "ints"), ("1,000 texts of 8 bytes", "text8"),
                              ("1,000 texts of 32 bytes", "text32"), ("1,000 texts of 1,000 bytes", "text1000"),
                              ("a dict of 1,000", "dict"))
        for step, short in (("materialise", "keep"), ("wrap", "wrap"), ("read", "walk"), ("release", "release"))
        if (metric, short) != ("dict", "walk")]
DEEP = [("build", "deep_build_ns", "ns"), ("materialise", "deep_keep_ns", "ns"), ("wrap", "deep_wrap_ns", "ns"),
        ("walk to the bottom", "deep_walk_ns", "ns"), ("release", "deep_release_ns", "ns")]
STRESS = [("an eval", "eval_ns", "ns"), ("bytes held after 10,000", "bytes_early", "B"),
          ("bytes held after 1,000,000", "bytes_late", "B"), ("the difference", "bytes_grown", "B"),
          ("the process's resident memory meanwhile", "resident_grown", "B")]

THREADS = [("lookups, 1 thread", "one_thread", "/s"), ("lookups, 2 threads", "two_threads", "/s"),
           ("two / one", "scaling", "x"), ("lookups beside a thread that changes names", "beside_reads", "/s"),
           ("what that thread gets done: one out, one in", "beside_writes", "/s"),
           ("lookups beside it / alone", "beside_ratio", "x")]
CHURN = [("operations done", "operations", ""), ("each", "churn_ns", "ns"), ("p50", "churn_p50", "ns"),
         ("p99", "churn_p99", "ns"), ("p999", "churn_p999", "ns"), ("max", "churn_max", "ns"),
         ("p999 / p50", "tail_ratio", "x"), ("last tenth / first tenth", "drift_ratio", "x")]
PARTS = [("the whole", "cycle_ns", "ns"), ("the sum of its parts", "sum_ns", "ns"),
         ("a module, empty", "module_ns", "ns"), ("10 symbols", "symbols_ns", "ns"),
         ("2 mappings", "mappings_ns", "ns"), ("20 names", "names_ns", "ns"),
         ("3 resources", "resources_ns", "ns"), ("the whole, p50", "cycle_p50", "ns"), ("p99", "cycle_p99", "ns"),
         ("p999", "cycle_p999", "ns"), ("max", "cycle_max", "ns")]

PHASES = [("roots", "roots_ns"), ("trail", "trail_ns"), ("mark", "mark_ns"), ("count", "count_ns"),
          ("whole", "collect_ns")]
# What has phases to show.
PAUSES = [(f"{title}, {plan.CELLS[-1]:,}", f"heap {shape} {plan.CELLS[-1]}") for shape, title in plan.COLLECTED.items()]
PAUSES += [("list in order, 100,000,000", "heap list 100000000"),
           ("100,000 choicepoints, 1,000,000 bindings", "heap wam 100000")]


def code_section(results):
    """Everything about executable memory."""
    lines = ["## Code", "",
             "*raw* takes room and gives it back, nothing else, as the peers do; *safe* names the code, checks ids and "
             "frees what no reader can be inside of. Where allocating and publishing is one step it stands under "
             "publish. Peers check nothing. In brackets: times ours, raw.", ""]
    for kind, sizes in (("U", "8..1031 bytes, evenly"), ("L", "lognormal, median 320, sigma 1.1, 16..65536")):
        lines += [f"### Steady churn, 20,000 live, sizes {sizes}", ""]
        lines += table(results, f"churn {kind}", [("whole cycle", "cycle_ns", "ns"), *STEPS], "ours_raw")
    lines += ["![a cycle against live symbols](benchmarks/churn.svg)", ""]
    for key, title in (("fill 1000 U", "1,000, 8..1031 bytes"), ("fill 20000 U", "20,000, 8..1031 bytes"),
                       ("fill 20000 L", "20,000, lognormal"), ("fill 100000 U", "100,000, 8..1031 bytes")):
        lines += [f"### Fill and empty: {title}", ""] + table(results, key, FILL, "ours_raw")
    lines += ["### One allocator, one and two threads", ""]
    lines += table(results, "threads", [("pairs, 1 thread", "one_thread", "/s"),
                                        ("pairs, 2 threads", "two_threads", "/s"),
                                        ("two / one", "scaling", "x")], "ours_raw")
    lines += ["### A publisher beside a running executor", "", "300 bytes mapped and freed again and again. In "
              "brackets: times ours. mprotect of packed pages is not here: it faults in the executor.", ""]
    lines += table(results, "publisher", [("cycle", "cycle_ns", "ns"), ("cycle, nobody runs", "cycle_alone_ns", "ns"),
                                          ("executor's calls beside it", "calls_beside", "/s"),
                                          ("executor's calls alone", "calls_alone", "/s"),
                                          ("calls lost", "calls_lost_percent", "%")], "ours_safe")
    lines += ["### Replacing running code", "", "64 functions, one executor. Ours waits for readers before it frees; "
              "the others are given a pointer table and free 1,024 replacements later, whoever runs.", ""]
    lines += table(results, "replace", [("replacements", "replacements", "/s"), ("p50", "replace_p50", "ns"),
                                        ("p99", "replace_p99", "ns")], "ours_safe")
    lines += ["### Unloading one of 1,000 modules of 100 functions", ""]
    lines += table(results, "modules", [("function by function", "singles_ns", "ns"),
                                        ("as a module", "unload_ns", "ns")], "ours_safe")
    lines += ["### Which code does an address lie in?", ""]
    lines += table(results, "lookup", [("right, first byte", "right_start_percent", "%"),
                                       ("right, inside", "right_interior_percent", "%"),
                                       ("right, freed", "right_dead_percent", "%"),
                                       ("right, foreign", "right_foreign_percent", "%"),
                                       ("each", "lookup_ns", "ns")], "ours_safe")
    lines += ["### Fork in the middle of it", "", "One side frees half of 1,000 symbols and maps others; the other "
              "side then looks at what it had.", ""]
    lines += table(results, "fork", [("parent's code survives the child", "parent_survives", "yes"),
                                     ("child's code survives the parent", "child_survives", "yes"),
                                     ("fork takes", "fork_ns", "ns")], "ours_safe")
    return lines


def entry_section(results):
    """Two columns would be the same backend twice, so this is two tables under each other."""
    lines = ["## Entry", "",
             "A call of a function that returns at once, without the loop around it; the least of all runs.", ""]
    for backend, rows in (("entry", ENTRY), ("entry_stub", STUB)):
        why = results.failures.get("entry", {}).get(backend)
        if why:
            lines += [f"Entries that mark by themselves: refused ({why[0]}).", ""]
            continue
        lines += ["| | ns |", "|---|---|"]
        lines += [f"| {title} | {cell(results, 'entry', backend, metric, unit, '')} |" for title, metric, unit in rows]
        lines += [""]
    return lines


def other_sections(results):
    """Readers, arenas and the sweeper."""
    lines = ["## Readers", "", "Inside and outside again, and how long a retired thing waits while one thread is busy "
             "inside. Ours unmaps a symbol and frees its memory in that time; the others only wait.", ""]
    lines += table(results, "readers", [("enter + leave", "pair_ns", "ns"), ("grace p50", "grace_p50", "ns"),
                                        ("grace p99", "grace_p99", "ns")], "ours")
    lines += ["## Arena", "", "A million objects of 8 to 64 bytes, the first byte of each written, and all of them "
              "given back at once. 36 MB pass through the caches, so that a reset finds little of its own data there. "
              "*By call* is a call into a shared library each. bumpalo and APR align to 8 bytes, the others to 16. The "
              "C library is told not to trim its heap. In brackets: times ours, inline.", ""]
    lines += table(results, "arena", ARENA, "ours_inline")
    lines += ["One request of 16 MB among small ones, all of its pages touched, and a reset, in every round.", ""]
    lines += table(results, "arena huge", HUGE, "ours_inline")
    lines += ["![what an object costs, by backend](benchmarks/arena.svg)", ""]
    lines += ["## Sweep", "", "JIT symbols of 16 bytes, one in a hundred stale; they are counted, then evicted. Ours "
              "frees their code; the map only forgets them.", ""]
    for count in plan.TRACKED:
        lines += [f"### {count:,} tracked", ""] + table(results, f"sweep {count}", SWEEP, "ours")
    return lines + ["![a sweep against tracked symbols](benchmarks/sweep.svg)", ""]


def names_section(results):
    """Tables of names, and ids of declarations."""
    lines = ["## Names", "", "Names like mod07.function_0123456, each bound to 32 bytes. Ours by call into a shared "
             "library, any thread at any time, each name with its older meanings; so is hashbrown called, and it has "
             "no lock. uthash is compiled in; ck_ht is called. Names are asked for in random order, and their texts "
             "lie in that order. In brackets: times ours.", "", "### Lookup", ""]
    for title, workload, metric in (("found", "lookup", "hit_ns"), ("not there", "lookup", "miss_ns"),
                                    ("bind", "change", "bind_ns"), ("unbind", "change", "unbind_ns"),
                                    ("bind all from nothing, each", "lookup", "fill_ns")):
        if metric == "bind_ns":
            lines += ["![a lookup against the names there are](benchmarks/names.svg)", "", "### Bind and unbind", "",
                      "Some hundred names go, and as many others come.", ""]
        lines += tables(results, [(f"{title}, {count:,} names", f"names {workload} {count}", metric, "ns")
                                  for count in plan.NAMES], "ours")
    cached = cell(results, "names cached 100000", "ours", "cached_ns", "ns", "")
    lines += ["### From an inline cache", "", f"A thousand uses of names, one after the other: {cached} each.", "",
              "### Threads, 100,000 names", "", "Peers with a lock around each operation; ck_ht also without one, for "
              "one thread may change it: then it never frees what it removes.", ""]
    lines += table(results, "names threads 100000", THREADS, "ours")
    lines += ["### One out, one in, 10,000,000 times, 100,000 names", "", "Always a name that never was. Each is both "
              "operations. *Collected*: told that names are removed, it looks over all of it after every 16,384. *Only "
              "tombstones*: probes, marks what was removed, never builds itself anew. What has become 20 times as slow "
              "as it was is stopped.", ""]
    lines += table(results, "names churn 100000", CHURN, "ours")
    lines += ["![one out, one in, as time goes by](benchmarks/names-churn.svg)", "",
              "### Unloading a module of 10,000 names, for a name", "", "As one: the peers scan all names for the "
              "module's. The last row of each is one of 100 modules.", ""]
    for title, metric in (("as one", "unload_ns"), ("name by name", "singles_ns")):
        lines += tables(results, [(f"{title}, beside {count:,} names", f"names unload {count}", metric, "ns")
                                  for count in plan.NAMES_OF_OTHERS], "ours")
    lines += ["![unloading against the names of others](benchmarks/names-unload.svg)", "", "### Is an id live?", "",
              "A million ids in so many modules, numbered one after the other, asked for in random order; as many of "
              "modules that are gone; and those that are left when every other module goes. hashbrown's is a set of "
              "modules, an id's being found by a division; BTreeMap's are ranges.", ""]
    lines += tables(results, [(f"{title}, {goals.ranges(count)}", f"names live {count}", metric, "ns")
                              for title, metric in (("live", "live_ns"), ("gone", "dead_ns"), ("left", "left_ns"))
                              for count in plan.RANGES if count > 1 or metric != "left_ns"], "ours")
    return lines + ["![is an id live, against the ranges there are](benchmarks/names-live.svg)", ""]


def module_sections(results):
    """Files in memory, and modules."""
    lines = ["## Mapping", "", "*By path* asks the system whether the file is still the same; raw, that question is "
             "all there is (stat). *By id*: of a mapping that somebody holds. The files are on tmpfs. In brackets: "
             "times ours.", "", "### One more user of a mapping", ""]
    for title, metric in (("by path", "path_ns"), ("by id", "id_ns"), ("released again", "release_ns")):
        lines += tables(results, [(f"{title}, {count:,} files mapped", f"mapping hit {count}", metric, "ns")
                                  for count in plan.MAPPED], "ours")
    lines += ["![one more user against the files mapped](benchmarks/mapping.svg)", "",
              "### The first user, who is the last", "", "Raw: open, fstat, mmap, close, munmap. *Looked at*: a byte "
              "of each page is read.", ""]
    lines += tables(results, [(f"{size}{title}", f"mapping cycle {count}", metric, "ns")
                              for title, metric in (("", "cycle_ns"), (", looked at", "touched_ns"))
                              for count, size in plan.FILES.items()], "ours")
    lines += ["### Two threads, 100 files mapped", "", "Users come and go.", ""]
    lines += tables(results, [(f"{way}, {title}", f"mapping {workload} 100", metric, unit)
                              for way, workload in (("by path", "threads"), ("by id", "threads_by_id"))
                              for title, metric, unit in (("1 thread", "one_thread", "/s"),
                                                          ("2 threads", "two_threads", "/s"),
                                                          ("two / one", "scaling", "x"))], "ours")
    lines += ["## Module", "", "Loaded and unloaded: 10 symbols of 256 bytes, 2 files of 4 KiB, 20 names, 3 resources. "
              "A part alone comes and goes one by one in a module that stays. Raw: mmap, mprotect and munmap for a "
              "symbol, the system calls for a file, uthash and malloc for names; it knows no modules.", ""]
    for count in plan.OTHERS:
        lines += [f"### Beside {count:,} others of the same shape" if count else "### Alone", ""]
        lines += table(results, f"module cycle {count}", PARTS, "ours")
    lines += ["![a cycle against the modules beside it](benchmarks/module.svg)", "", "### Again and again", "",
              "Of the cycles since the row before, for one: the median of ten at a time, and the mean.", ""]
    last = f"module cycles {plan.CYCLES[-1]}"
    lines += table(results, last, [(f"to the {count:,}th{title}", f"{metric}_{count}", "ns")
                                   for title, metric in (("", "to"), (", mean", "mean_to"))
                                   for count in plan.CYCLES], "ours")
    lines += ["![a cycle against those before it](benchmarks/module-cycles.svg)", "", "### Modules that need others",
              "", "Empty ones. A leaf is one of those that need one module; in a chain each needs the one before.", ""]
    rows = [(f"{title}, {count:,} leaves", f"module star {count}", metric, "ns")
            for title, metric in (("unload a leaf", "leaf_ns"), ("tell that it needs", "depend_ns"),
                                  ("unload all with it, for one", "cascade_ns")) for count in plan.LEAVES]
    rows += [(f"unload a chain of {count:,}, for one", f"module chain {count}", "cascade_ns", "ns")
             for count in plan.CHAINED]
    return lines + tables(results, rows, "ours") + ["![a module against those it is tied to]"
                                                    "(benchmarks/module-graph.svg)", ""]


def values_section(results):
    """An interpreter's values."""
    lines = ["## Values", "", "Ours, Lua, SWI-Prolog and slotmap, each by calls into a shared library. A handle is "
             "ours, a place on Lua's stack, a term reference of SWI-Prolog, a key of slotmap. To materialise is a deep "
             "copy in Lua (it shares the texts, and needs no wrap) and a recorded term in SWI-Prolog. To release is to "
             "collect in Lua. In brackets: times ours.", "", "### A handle, made and read", ""]
    lines += tables(results, [("an integer", "values handles", "make_get_ns", "ns")] +
                    [(f"a text of {size} bytes", "values texts", f"text{size}_ns", "ns") for size in (8, 32, 1000)] +
                    [("an eval without one, from begin to end", "values handles", "eval_ns", "ns")], "ours")
    lines += ["### All handles of an eval dropped", "", "Lua's stack holds 990,000.", ""]
    dropped = [(f"{count:,}", f"values drop {count}", "drop_ns", "ns") for count in plan.DROPPED]
    lines += tables(results, dropped, "ours")
    lines += ["![dropping handles](benchmarks/drop.svg)", "", "### Kept beyond an eval, and back", "",
              "For one element.", ""]
    lines += table(results, "values lists", KEPT, "ours")
    lines += ["### A million lists in each other, for one level", ""]
    lines += table(results, "values deep 1000000", DEEP, "ours")
    lines += ["### A list of the same list twice, and so on", "", "Who loses the sharing keeps 2^levels parts.", ""]
    lines += tables(results, [(f"{levels} levels: {step}", f"values shared {levels}", f"shared_{metric}_ns", "ns")
                              for levels in (16, 40)
                              for step, metric in (("materialise", "keep"), ("wrap and walk", "read"))], "ours")
    lines += ["### A variable that grows", "",
              "One append or one new key, on the average of so many from nothing; each in an "
              "eval of its own, or all in one. Lua's table is changed where it lies. *Copies all* takes a copy out, "
              "changes it and puts a copy back.", ""]
    for title, metric in (("elements", "append_ns"), ("keys", "set_key_ns")):
        lines += tables(results, [(f"{count:,} {title}", f"values append {count}", metric, "ns")
                                  for count in plan.APPENDED], "ours")
    lines += ["![an append against the elements there are](benchmarks/append.svg)", "", "### Variables and calls", ""]
    lines += tables(results, [("a variable is set", "values variables", "set_ns", "ns"),
                              ("a variable is read", "values variables", "get_ns", "ns"),
                              ("one element is read of a variable with 1,000,000", "values read 1000000", "read_ns",
                               "ns"),
                              ("a frame is pushed and popped", "values variables", "frame_ns", "ns")], "ours")
    lines += ["### Every byte of a text", ""]
    lines += table(results, "values bytes", [("by the header's function", "inline_ns", "ns"),
                                             ("by a call", "call_ns", "ns"), ("through a pointer", "pointer_ns", "ns")],
                   "ours")
    lines += ["### The operations of a script, a million evals", "", "A list is stored, a text of 100 bytes built and "
              "appended, a procedure defined, called, deleted. Lua runs the same as compiled code, and is asked after "
              "a collection.", ""]
    return lines + table(results, "values stress 990000", STRESS, "ours")


def heap_section(results):
    """A garbage collector."""
    lines = ["## Heap", "", "Ours, libgc with one and with two markers, SWI-Prolog and Lua. A cell is 8 bytes of ours, "
             "a pair has two. SWI-Prolog's are its own, and its pairs have three: see whole collections, too, which "
             "are of the same structures. In brackets: times ours.", "", "### Mark and sweep, for a live cell", "",
             "The least of the collections in a process. Nothing is dead.", ""]
    sizes = [*plan.CELLS, 100000000]
    lines += tables(results, [(f"{title}, {count:,}", f"heap {shape} {count}", "cell_ns", "ns")
                              for shape, title in plan.COLLECTED.items() for count in sizes], "ours")
    lines += ["![a list in order, by its size](benchmarks/heap-list.svg)", "",
              "![a tree, by its size](benchmarks/heap-tree.svg)", "",
              "![a shuffled tree, by its size](benchmarks/heap-shuffled-tree.svg)", "",
              "### A whole collection", "", "The median of those in a process.", ""]
    lines += tables(results, [(f"{title}, {count:,}", f"heap {shape} {count}", "collect_ns", "ns")
                              for shape, title in plan.COLLECTED.items() for count in sizes[-2:]], "ours")
    lines += ["### With dead objects between the live ones", "", "The first collection, which finds them, for a cell "
              "that lives; what a share has to be swept later is with the objects that go there.", ""]
    lines += tables(results, [(f"{plan.COLLECTED[shape]}, {count:,} cells, {share} % live",
                               f"heap {shape} {count} {share}", "first_cell_ns", "ns") for share in plan.LIVE
                              for shape, count in (("list", 1000000), ("tree", 1000000), ("records", 1000000),
                                                   ("list", 10000000))], "ours")
    lines += ["### The pause by its phases", "", "Ours, the median.", ""] + phases(results)
    lines += ["![the pause by its phases](benchmarks/heap-phases.svg)", "", "### Programs", "",
              "For an object, all that the program does with it and its share of the collections included. Lua and "
              "SWI-Prolog interpret the program. Short-lived objects are pairs and structures of one to four "
              "arguments, the last thousand of them live. GCBench has nodes of four fields, and an array of 500,000 "
              "numbers.", ""]
    programs = [("short-lived objects", "heap churn 0"), ("the same beside 1,000,000 live cells", "heap churn 1000000"),
                ("pairs into holes, every second pair of 10,000,000 cells dead", "heap holes 10000000"),
                ("GCBench", "heap gcbench 0"), ("binary-trees 14", "heap trees 14")]
    lines += tables(results, [(title, key, "object_ns", "ns") for title, key in programs], "ours")
    lines += tables(results, [(f"{title}: {what}", key, metric, unit) for title, key in programs
                              for what, metric, unit in (("collecting", "collecting_ns", "ns"),
                                                         ("looking for holes", "sweeping_ns", "ns"),
                                                         ("collections", "collections", ""))], "ours")
    lines += ["### 100,000 choicepoints, 1,000,000 older variables bound since", ""]
    return lines + table(results, "heap wam 100000", [("the first collection", "first_ns", "ns"),
                                                      ("one after it", "collect_ns", "ns"),
                                                      ("after a cut", "cut_ns", "ns")], "ours")


def phases(results):
    """What is collected down, phases across."""
    lines = ["| | " + " | ".join(title for title, _ in PHASES) + " |", "|---|" + "---|" * len(PHASES)]
    for title, key in PAUSES:
        cells = [cell(results, key, "ours", metric, "ns", "ours") for _, metric in PHASES]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines + [""]


def heading(about):
    """Where the figures are from, and how to read them."""
    peers = ", ".join(f"{name} {version}" for name, version in about["peers"].items())
    counters = "with" if about["counters"] else "without"
    lines = ["# Benchmarks", "", "Written by `make bench`; do not edit.", "",
             f"{about['processor']}, {about['cores']} cores, a {about['kind']} {counters} hardware counters: read the "
             "ratios, not the nanoseconds.", "",
             f"Linux {about['kernel']}; {about['compiler']}, -O2; library at {about['library']}; {about['date']}; "
             f"BENCH_RUNS={about['runs']}; {about['seconds']} s of runs.",
             f"Peers: {peers}.", "",
             "Each figure is the median of runs in fresh processes, backends taking turns; ± is half of what the "
             "middle half of the runs covers. p50, p99 and the like are of single operations within a run, the clock's "
             "own cost taken off. What is live at the end of a run is read and must be what was put there."]
    if about["load"] > 0.5:
        lines += ["", f"**The machine was not idle when this began (load {about['load']:.1f}): the figures of two "
                  "threads, and all maxima, are not to be trusted.**"]
    return lines + [""]


def write(results, about, folder, out):
    """benchmarks.md in `folder`, plots beside it, their data in `out`."""
    table_of_goals, reached = goals_table(results)
    lines = heading(about) + ["## Goals", "", f"{reached}.", ""] + table_of_goals
    lines += code_section(results) + entry_section(results) + other_sections(results) + names_section(results)
    lines += module_sections(results) + values_section(results) + heap_section(results)
    os.makedirs(os.path.join(folder, "benchmarks"), exist_ok=True)
    plots.draw(results, os.path.join(folder, "benchmarks"), out)
    with open(os.path.join(folder, "benchmarks.md"), "w", encoding="utf-8") as file:
        file.write("\n".join(lines).rstrip() + "\n")
    return reached
