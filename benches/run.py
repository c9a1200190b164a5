#!/usr/bin/env python3
"""Runs the benchmark drivers, each in a fresh process, one backend after the other in turns, and keeps what they print.

BENCH_RUNS  runs of each (7)        BENCH_ONLY  only workloads whose name begins so: a look, not a report for docs/
"""

import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import machine
import plan
import report

OUT = "target/bench"
TIMEOUT = 60


class Results:
    """Per workload and backend: a list of values for each metric, and why runs failed."""

    def __init__(self):
        self.values = {}
        self.failures = {}
        self.runs = {}

    def add(self, workload, backend, metrics):
        """One run's JSON object."""
        kept = self.values.setdefault(workload, {}).setdefault(backend, {})
        for name, value in metrics.items():
            kept.setdefault(name, []).append(value)

    def fail(self, workload, backend, why):
        """One run that came to nothing."""
        self.failures.setdefault(workload, {}).setdefault(backend, []).append(why)

    def save(self, path, about):
        """For whoever wants the figures themselves."""
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"machine": about, "values": self.values, "failures": self.failures}, file, indent=1)


def forget_files():
    """What a driver has made that could not clean up after itself; see common/files.hpp."""
    for place in ("/dev/shm", OUT):
        for folder in glob.glob(f"{place}/lifecycle-bench-{os.getpid()}-*"):
            shutil.rmtree(folder, ignore_errors=True)


def run_once(workload, backend, results):
    """Runs one driver. A peer that crashes is a result, too."""
    name, arguments = workload.program(backend)
    path = os.path.join(OUT, name)
    if not os.path.exists(path):
        results.fail(workload.key, backend, "not installed")
        return
    try:
        done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=TIMEOUT, check=False,
                              env={**os.environ, "RUST_BACKTRACE": "0"})
    except subprocess.TimeoutExpired:
        forget_files()
        results.fail(workload.key, backend, f"not done in {TIMEOUT} s")
        return
    if done.returncode != 0:
        forget_files()
    if done.returncode < 0:
        results.fail(workload.key, backend, f"crashed ({signal.Signals(-done.returncode).name})")
    elif done.returncode > 0:
        results.fail(workload.key, backend, (done.stderr.strip().splitlines() or ["failed"])[-1])
    else:
        results.add(workload.key, backend, json.loads(done.stdout))


def main():
    """All runs, then the report."""
    runs = int(os.environ.get("BENCH_RUNS", "7"))
    only = os.environ.get("BENCH_ONLY", "")
    chosen = [workload for workload in plan.workloads() if workload.key.startswith(only)]
    rounds = [(turn, workload) for turn in range(runs) for workload in chosen if turn < workload.most]
    about = machine.describe(runs)
    results = Results()
    began = time.monotonic()
    for step, (turn, workload) in enumerate(rounds, 1):
        start = time.monotonic()
        order = workload.backends[turn % len(workload.backends):] + workload.backends[:turn % len(workload.backends)]
        for backend in order:
            run_once(workload, backend, results)
        print(f"[{step}/{len(rounds)}] {workload.key}, run {turn + 1} of {min(runs, workload.most)}: "
              f"{time.monotonic() - start:.1f} s", flush=True)
    about["seconds"] = round(time.monotonic() - began)
    results.save(os.path.join(OUT, "results.json"), about)
    folder = "docs" if not only else OUT
    reached = report.write(results, about, folder, OUT)
    print(f"{folder}/benchmarks.md: {reached}; {about['seconds']} s of runs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
