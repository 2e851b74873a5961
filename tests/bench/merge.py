# SPDX-License-Identifier: MIT
"""Merges of 16 MiB of changed chunks, beside a plain copy of as much with one flush at its end.

In one run, in eight at a time or each chunk by itself; on a disk as it is here, and on one whose flushes take
their time (slow_plugin.py). The guest takes the times itself (stopwatch.c).
"""
import json
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from lab import COPY_MIB, scratch
from stream import SCALE, Timeout

HERE = Path(__file__).resolve().parent
CHUNKS = 4096
SPREADS = {"run": "one run", "runs": "runs of 8 chunks", "scattered": "single chunks"}
# Of the slots, whose partitions come first: from boot_a to boot_b.
COPY = f"stopwatch copy /dev/vda1 /dev/vda2 {COPY_MIB << 20}"
MERGE = "stopwatch merge system cowboot mark-good --wait"


class SlowDisk:
    """A disk (a file) whose flushes take so many milliseconds; for a Board, whose disk it is."""

    def __init__(self, where, path, flush_ms):
        socket, pid = where / "nbd", where / "nbdkit.pid"
        self.count = where / "flushes"
        with open(where / "nbdkit.log", "wb") as log:
            self.process = subprocess.Popen(
                ["nbdkit", "-f", "--exit-with-parent", "-U", socket, "-P", pid, "python",
                 HERE / "slow_plugin.py", f"disk={path}", f"ms={flush_ms}", f"count={self.count}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 10 * SCALE
        while not pid.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise Timeout(f"nbdkit: {(where / 'nbdkit.log').read_text()}")
            time.sleep(0.01)
        self.server = {"type": "unix", "path": str(socket)}

    bus, props = "nbd", {}

    def args(self, n):
        node = {"driver": "nbd", "node-name": f"nbd{n}", "server": self.server}
        device = {"driver": "virtio-blk-pci", "id": f"disk{n}", "drive": f"nbd{n}"}
        return ["-blockdev", json.dumps(node), "-device", json.dumps(device)]

    def flushes(self):
        return self.count.stat().st_size if self.count.exists() else 0

    def close(self):
        self.process.kill()
        self.process.wait()


@dataclass
class Case:
    """One store on one kind of disk."""
    spread: str
    flush_ms: int               # 0: as the disk is
    steps: int = 0              # of the kernel: one for each run
    flushes: int = 0            # that the disk got from mark-good to the end; slow disks are counted
    merge_ms: list = field(default_factory=list)        # the kernel's part
    whole_ms: list = field(default_factory=list)        # mark-good --wait, with the proof
    copy_ms: list = field(default_factory=list)


def _once(lab, case):
    where = scratch()
    path = lab.copy(lab.disk_at("trial", change=CHUNKS - 1, spread=case.spread), where / "disk.img")
    slow = SlowDisk(where, path, case.flush_ms) if case.flush_ms else None
    b = lab.board(where, path, disk=slow)
    try:
        b.start()
        assert b.wait_up() == "new"
        case.steps = int(re.search(r"exceptions, (\d+) runs", b.dmesg()).group(1))
        case.copy_ms.append(int(b.run(COPY, 600, check=True)) / 1000)
        before = slow.flushes() if slow else 0
        out = b.run(MERGE, 600, check=True)
        case.flushes = slow.flushes() - before if slow else 0
        merge, _, whole = map(int, out.splitlines()[-1].split())
        case.merge_ms.append(merge / 1000)
        case.whole_ms.append(whole / 1000)
    finally:
        b.kill()
        if slow:
            slow.close()


def measure(lab, cases, runs):
    for n in range(runs):
        for case in cases if n % 2 == 0 else reversed(cases):
            _once(lab, case)
    return cases


def cases(flushes):
    return [Case(spread, ms) for ms in flushes for spread in SPREADS]
