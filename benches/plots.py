"""Two plots, by gnuplot: what a cycle costs with more live code, what a sweep costs with more tracked code."""

import os
import shutil
import subprocess
from statistics import median

import plan

SCRIPT = """set terminal svg size 860,420 font 'sans,12' background '#ffffff'
set output '{svg}'
set logscale xy
set grid
set key outside right
set format xy '%.0s%c'
set xlabel '{across}'
set ylabel '{up}'
plot {lines}
"""


def _series(results, prefix, counts, backend, metric):
    points = []
    for count in counts:
        values = results.values.get(f"{prefix} {count}", {}).get(backend, {}).get(metric)
        if values:
            points.append((count, median(values)))
    return points


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
    script = os.path.join(out, f"{name}.gp")
    with open(script, "w", encoding="utf-8") as file:
        file.write(SCRIPT.format(svg=os.path.join(folder, f"{name}.svg"), across=labels[0], up=labels[1],
                                 lines=", ".join(lines)))
    subprocess.run(["gnuplot", script], check=False)


def draw(results, folder, out):
    """Data and scripts stay in `out`. Without gnuplot there are no plots."""
    churn = [(plan.TITLES[backend], _series(results, "curve", plan.CURVE, backend, "cycle_ns"))
             for backend in ("ours_raw", "ours_safe", "asmjit_dual", "naive")]
    _plot("churn", churn, ("symbols live", "ns for a cycle of free, allocate, publish"), folder, out)
    sweep = [(f"{plan.TITLES[backend]}: {title}", _series(results, "sweep", plan.TRACKED, backend, metric))
             for backend in ("ours", "map")
             for title, metric in (("count", "count_ns"), ("evict 1 %", "sweep_ns"), ("every epoch", "rotating_p50"))]
    _plot("sweep", sweep, ("symbols tracked", "ns"), folder, out)
