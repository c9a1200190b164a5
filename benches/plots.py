"""The plots, by gnuplot: curves of a cost against a size, and bars of a cost for each backend."""

import os
import shutil
import subprocess
from statistics import median

import plan

SCRIPT = """set terminal svg size 860,420 font 'sans,12' background '#ffffff'
set output '{svg}'
set logscale xy
set grid
set key outside right noenhanced
set format xy '%.0s%c'
set xlabel '{across}'
set ylabel '{up}'
plot {lines}
"""

BARS = """set terminal svg size 860,420 font 'sans,12' background '#ffffff'
set output '{svg}'
set grid ytics
set key top left
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.8
set boxwidth 0.9
set xtics rotate by -30
set logscale y
set yrange [0.2:*]
set ylabel '{up}'
plot {lines}
"""

STACKED = """set terminal svg size 860,420 font 'sans,12' background '#ffffff'
set output '{svg}'
set grid ytics
set key top left
set style data histograms
set style histogram rowstacked
set style fill solid 0.8
set boxwidth 0.6
set yrange [0:*]
set ylabel '{up}'
plot {lines}
"""


def _series(results, prefix, counts, backend, metric, least=1):
    points = []
    for count in counts:
        values = results.values.get(f"{prefix} {count}", {}).get(backend, {}).get(metric)
        if values:
            # The axes are logarithmic, and the clock tells no less.
            points.append((count, max(least, median(values))))
    return points


def _course(results, workload, backend, prefix):
    """Of one workload: what has its place on the axis in the metric's name."""
    values = results.values.get(workload, {}).get(backend, {})
    found = [(int(name[len(prefix):]), median(kept)) for name, kept in values.items() if name.startswith(prefix)]
    return sorted(found)


def _gnuplot(name, text, out):
    script = os.path.join(out, f"{name}.gp")
    with open(script, "w", encoding="utf-8") as file:
        file.write(text)
    subprocess.run(["gnuplot", script], check=False)


def _plot(name, series, labels, folder, out):
    lines = []
    for title, points in series:
        if not points:
            continue
        data = os.path.join(out, f"{name}-{len(lines)}.dat")
        with open(data, "w", encoding="utf-8") as file:
            file.write(f"# {title}\n" + "".join(f"{across} {up:.6g}\n" for across, up in points))
        lines.append(f"'{data}' using 1:2 with linespoints linewidth 2 title '{title}'")
    if not lines or shutil.which("gnuplot") is None:
        return
    _gnuplot(name, SCRIPT.format(svg=os.path.join(folder, f"{name}.svg"), across=labels[0], up=labels[1],
                                 lines=", ".join(lines)), out)


def _bars(name, results, workload, metrics, up, folder, out):
    """A group of bars for each backend, one for each metric."""
    backends = next((entry.backends for entry in plan.workloads() if entry.key == workload), ())
    values = results.values.get(workload, {})
    rows = []
    for backend in backends:
        found = [values.get(backend, {}).get(metric) for _, metric in metrics]
        if all(found):
            figures = " ".join(f"{median(one):.6g}" for one in found)
            rows.append(f'"{plan.TITLES[backend]}" {figures}\n')
    if not rows or shutil.which("gnuplot") is None:
        return
    data = os.path.join(out, f"{name}.dat")
    with open(data, "w", encoding="utf-8") as file:
        file.writelines(rows)
    lines = ", ".join(f"'{data}' using {column}:xtic(1) title '{title}'"
                      for column, (title, _) in enumerate(metrics, 2))
    _gnuplot(name, BARS.format(svg=os.path.join(folder, f"{name}.svg"), up=up, lines=lines), out)


def _stacked(name, results, backend, groups, metrics, scale, up, folder, out):
    """A bar for each group, a title and a workload; each metric on top of those before it."""
    rows = []
    for title, workload in groups:
        found = [results.values.get(workload, {}).get(backend, {}).get(metric) for _, metric in metrics]
        if all(found):
            rows.append(f'"{title}" ' + " ".join(f"{median(one) / scale:.6g}" for one in found) + "\n")
    if not rows or shutil.which("gnuplot") is None:
        return
    data = os.path.join(out, f"{name}.dat")
    with open(data, "w", encoding="utf-8") as file:
        file.writelines(rows)
    lines = ", ".join(f"'{data}' using {column}:xtic(1) title '{title}'"
                      for column, (title, _) in enumerate(metrics, 2))
    _gnuplot(name, STACKED.format(svg=os.path.join(folder, f"{name}.svg"), up=up, lines=lines), out)


def _heap(results, folder, out):
    for shape in ("list", "tree", "shuffled-tree"):
        curves = [(plan.TITLES[backend], _series(results, f"heap {shape}", [*plan.CELLS, 100000000], backend, "cell_ns",
                                                 least=0.01)) for backend in plan.COLLECTORS]
        _plot(f"heap-{shape}", curves, ("cells", "ns for a live cell"), folder, out)
    groups = [(title, f"heap {shape} {plan.CELLS[-1]}") for shape, title in plan.COLLECTED.items()
              if shape != "shuffled-list"]
    _stacked("heap-phases", results, "ours", groups + [("choicepoints", "heap wam 100000")],
             [(phase, f"{phase}_ns") for phase in ("roots", "trail", "mark", "count")], 1e6,
             f"ms of a pause, {plan.CELLS[-1]:,} live cells; 100,000 choicepoints", folder, out)


def _names(results, folder, out):
    def curves(workload, counts, metric, backends):
        return [(plan.TITLES[backend], _series(results, workload, counts, backend, metric, least=0.1))
                for backend in backends]

    _plot("names", curves("names lookup", plan.NAMES, "hit_ns", [*plan.TABLES, "hsearch"]),
          ("names", "ns for a lookup"), folder, out)
    churn = [(plan.TITLES[backend], _course(results, "names churn 100000", backend, "slice_"))
             for backend in [*plan.TABLES, "ck_ht_gc", "tombstones"]]
    _plot("names-churn", churn, ("operations so far, 100,000 names", "ns for one out, one in"), folder, out)
    _plot("names-unload", curves("names unload", plan.NAMES_OF_OTHERS, "unload_ns", plan.TABLES),
          ("names of other modules", "ns for a name of a module of 10,000"), folder, out)
    _plot("names-live", curves("names live", plan.RANGES, "live_ns", ["ours", "ours_call", "hashbrown", "btree"]),
          ("ranges of ids", "ns to tell whether an id is live"), folder, out)


def _modules(results, folder, out):
    def curve(title, workload, counts, metric, backend="ours"):
        return title, _series(results, workload, counts, backend, metric)

    _plot("mapping", [curve("ours: by path", "mapping hit", plan.MAPPED, "path_ns"),
                      curve("ours: by id", "mapping hit", plan.MAPPED, "id_ns"),
                      curve("stat alone", "mapping hit", plan.MAPPED, "path_ns", "raw")],
          ("files mapped", "ns for one more user"), folder, out)
    # A logarithmic axis has no 0.
    parts = [(title, [(max(1, others), cost) for others, cost in
                      curve(title, "module cycle", plan.OTHERS, metric)[1]])
             for title, metric in (("whole", "cycle_ns"), ("sum of parts", "sum_ns"), ("10 symbols", "symbols_ns"),
                                   ("2 mappings", "mappings_ns"), ("20 names", "names_ns"),
                                   ("3 resources", "resources_ns"), ("empty", "module_ns"))]
    _plot("module", parts, ("other modules (none at 1)", "ns for a load and unload"), folder, out)
    _plot("module-cycles", [("ours", _course(results, f"module cycles {plan.CYCLES[-1]}", "ours", "to_"))],
          ("cycles so far", "ns for a load and unload"), folder, out)
    _plot("module-graph", [curve("unload a leaf of a star", "module star", plan.LEAVES, "leaf_ns"),
                           curve("unload a star, for one", "module star", plan.LEAVES, "cascade_ns"),
                           curve("unload a chain, for one", "module chain", plan.CHAINED, "cascade_ns")],
          ("modules", "ns"), folder, out)


def draw(results, folder, out):
    """Data and scripts stay in `out`. Without gnuplot there are no plots."""
    churn = [(plan.TITLES[backend], _series(results, "curve", plan.CURVE, backend, "cycle_ns"))
             for backend in ("ours_raw", "ours_safe", "asmjit_dual", "naive")]
    _plot("churn", churn, ("symbols live", "ns for a cycle of free, allocate, publish"), folder, out)
    sweep = [(f"{plan.TITLES[backend]}: {title}", _series(results, "sweep", plan.TRACKED, backend, metric))
             for backend in ("ours", "map")
             for title, metric in (("count", "count_ns"), ("evict 1 %", "sweep_ns"), ("every epoch", "rotating_p50"))]
    _plot("sweep", sweep, ("symbols tracked", "ns"), folder, out)
    _bars("arena", results, "arena", [("36 MB again", "alloc_ns"), ("in cache", "eval_ns")], "ns for an object", folder,
          out)
    append = [(plan.TITLES[backend], _series(results, "values append", plan.APPENDED, backend, "append_ns"))
              for backend in ("ours", "ours_inside", "lua", "copying")]
    _plot("append", append, ("elements appended", "ns for one append, on the average"), folder, out)
    drop = [(plan.TITLES[backend], _series(results, "values drop", plan.DROPPED, backend, "drop_ns"))
            for backend in ("ours", "lua", "swi", "slotmap")]
    _plot("drop", drop, ("handles", "ns to drop them all"), folder, out)
    _names(results, folder, out)
    _modules(results, folder, out)
    _heap(results, folder, out)
