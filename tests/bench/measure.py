"""Running a program once and telling what it took. Nothing here knows what is measured."""

import os
import statistics
import subprocess
import time
from dataclasses import dataclass


@dataclass
class Run:
    """One run. CPU is user and system time together; the peak is that of resident memory.

    The system counts the memory of the starting process as the least a child can have, so small programs are shown
    with the size of this one (about 15 MB): too much for ours, never too little.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    first_byte_s: float | None
    text: str


def run(command, env):
    """Runs a command to its end; it must succeed. Its standard output is read as it comes."""
    started = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.PIPE)
    first = None
    size = 0
    head = b""
    while chunk := os.read(process.stdout.fileno(), 1 << 16):
        if first is None:
            first = time.monotonic() - started
        size += len(chunk)
        head = head or chunk
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"This failed with exit code {process.returncode}: {' '.join(map(str, command))}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, first, head.decode(errors="replace"))


def median(values):
    return statistics.median(values)


def percentile(values, percent):
    """The smallest value that so many per cent of the values do not exceed."""
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * percent // 100) - 1)]


class Table:
    """The results, a line each: what, ours, theirs, their ratio and the most it may be."""

    def __init__(self):
        self.rows = []

    def ratio(self, what, ours, theirs, unit, at_most):
        self.rows.append((what, f"{ours:.2f} {unit}", f"{theirs:.2f} {unit}", ours / theirs, at_most))

    def amount(self, what, ours, unit, at_most):
        self.rows.append((what, f"{ours:.1f} {unit}", "", ours, at_most))

    def print(self):
        print(f"\n  {'':44} {'ours':>12} {'compared to':>12} {'result':>8} {'at most':>8}")
        for what, ours, theirs, result, at_most in self.rows:
            verdict = "" if result <= at_most else "   over"
            print(f"  {what:44} {ours:>12} {theirs:>12} {result:8.3f} {at_most:8.3f}{verdict}")
