# SPDX-License-Identifier: MIT
"""A disk that can fail its n-th request of a kind: an export of nbdkit (nbd_plugin.py), and the
boards that have it. blkdebug could name a sector, but not the second write to it."""
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from machine import Slices
from saved import incoming, wait_back
from stream import SCALE, Timeout

KINDS = ("read", "write", "flush")
PLUGIN = Path(__file__).resolve().parent / "nbd_plugin.py"


@dataclass(frozen=True)
class Request:
    kind: str
    at: int
    size: int
    failed: bool


class Export:
    """nbdkit over the file where/disk.img, which may be replaced while no board has it. Ends with
    this process."""

    def __init__(self, where):
        self.where, self.disk, self.socket = where, where / "disk.img", where / "nbd"
        self.control, self.log, self.asked = where / "control", where / "requests", 0
        where.mkdir(parents=True, exist_ok=True)
        for each in (self.disk, self.control, self.log):
            each.touch()
        pid = where / "nbdkit.pid"
        for each in (pid, self.socket):
            each.unlink(missing_ok=True)
        with open(where / "nbdkit.log", "wb") as log:
            self.process = subprocess.Popen(
                ["nbdkit", "-f", "--exit-with-parent", "-U", self.socket, "-P", pid, "python",
                 PLUGIN, f"disk={self.disk}", f"control={self.control}", f"log={self.log}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 10 * SCALE
        while not pid.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                self.close()
                raise Timeout(f"nbdkit: {(where / 'nbdkit.log').read_text()}")
            time.sleep(0.01)

    def close(self):
        self.process.kill()
        self.process.wait()

    def _ask(self, text):
        # In place, and in one write: nbdkit reads it at each request.
        with open(self.control, "r+b", buffering=0) as f:
            f.truncate(0)
            f.write(text.encode())

    def arm(self, kind=None, number=0):
        """From now on requests are counted, and that one fails; none without a kind."""
        self.log.write_bytes(b"")
        self.asked += 1
        self._ask(f"{kind} {number} {self.asked}" if kind else f"count {self.asked}")

    def disarm(self):
        """What was counted, in order, and what a failed flush has lost."""
        self._ask("")
        found = []
        for line in self.log.read_text().splitlines():
            kind, at, size, *failed = line.split()
            found.append(Request(kind, int(at), int(size), bool(failed)))
        return found


@dataclass
class Exported(Slices):
    """The disks of a board, as Slices, but by way of an Export."""
    socket: Path = None

    def args(self, n):
        out = super().args(n)
        assert json.loads(out[1])["node-name"] == "file"
        out[1] = json.dumps({"driver": "nbd", "node-name": "file",
                             "server": {"type": "unix", "path": str(self.socket)}})
        return out


def board(machine, where, export, guest):
    """A board that is off and has that disk; it goes on where the saved guest was."""
    vm = machine.vm(where, export.disk, extra=incoming(guest))
    vm.disks = [Exported(export.disk, machine.sizes, machine.device, socket=export.socket)]
    return vm


def resume(vm):
    """Starts such a board; the guest goes on."""
    vm.start()
    wait_back(vm)
    return vm


def go_on(vm):
    """Lets a guest that was saved go on."""
    vm.qmp("cont")
