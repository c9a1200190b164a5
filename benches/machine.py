"""What a figure depends on that is not in the program: machine, system, versions, day."""

import datetime
import os
import platform
import re
import subprocess


def _output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def _first(*command):
    return (_output(*command).splitlines() or ["unknown"])[0]


def _crate(name):
    try:
        with open("benches/peers/Cargo.lock", encoding="utf-8") as lock:
            found = re.search(rf'name = "{name}"\nversion = "([^"]+)"', lock.read())
    except OSError:
        found = None
    return found.group(1) if found else "not built"


def describe(runs):
    """As names and texts, in the order of the report."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        cpuinfo = file.read()
    model = re.search(r"model name\s*: (.*)", cpuinfo)
    virtual = "hypervisor" in cpuinfo
    counters = os.path.exists("/sys/bus/event_source/devices/cpu")
    packages = {}
    for package in ("libasmjit-dev", "liburcu-dev", "libck-dev", "libapr1-dev", "libtalloc-dev", "libmimalloc-dev",
                    "libc6-dev", "liblua5.4-dev", "swi-prolog-core", "libgc-dev", "uthash-dev"):
        packages[package] = _output("dpkg-query", "-W", "-f", "${Version}", package) or "not installed"
    for crate in ("jit-allocator", "crossbeam-epoch", "bumpalo", "slotmap", "hashbrown", "foldhash"):
        packages[crate] = _crate(crate)
    return {
        "processor": model.group(1) if model else platform.machine(),
        "cores": os.cpu_count(),
        "kind": "virtual machine" if virtual else "machine",
        "counters": counters,
        "kernel": platform.release(),
        "compiler": _first(os.environ.get("CXX", "g++"), "--version"),
        "library": _first("git", "describe", "--always", "--dirty"),
        "peers": packages,
        "date": datetime.date.today().isoformat(),
        "runs": runs,
        "load": os.getloadavg()[0],
    }
