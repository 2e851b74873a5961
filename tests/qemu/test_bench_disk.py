# SPDX-License-Identifier: MIT
"""cowboot bench-disk on a real kernel, and two disks whose power is cut: one that is honest, and one that
drops flushes. tests/host/test_bench_disk.py has the rest."""
import json
import subprocess
import time
from pathlib import Path

import pytest
from stream import SCALE, Timeout

MIB = 1 << 20
PLUGIN = Path(__file__).resolve().parent / "cache_plugin.py"


class Spare:
    """A disk of 2 MiB beside the board's: extra arguments for the board."""

    def __init__(self, where, kind):
        self.image = where / "spare.img"
        with open(self.image, "wb") as f:
            f.truncate(2 * MIB)
        socket, pid = where / "nbd", where / "nbdkit.pid"
        with open(where / "nbdkit.log", "wb") as log:
            self.process = subprocess.Popen(
                ["nbdkit", "-f", "--exit-with-parent", "-U", socket, "-P", pid, "python", PLUGIN,
                 f"disk={self.image}", f"kind={kind}", "seed=1"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 10 * SCALE
        while not pid.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise Timeout(f"nbdkit: {(where / 'nbdkit.log').read_text()}")
            time.sleep(0.01)
        node = {"driver": "nbd", "server": {"type": "unix", "path": str(socket)}}
        self.args = ["-blockdev", json.dumps(node | {"node-name": "spare"}),
                     "-device", "virtio-blk-pci,drive=spare"]

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def spare(tmp_path):
    made = []

    def make(kind):
        made.append(Spare(tmp_path, kind))
        return made[-1]

    yield make
    for each in made:
        each.close()


def device(b):
    """The spare disk in the guest, whichever comes first there."""
    sizes = {name: b.run(f"cat /sys/class/block/{name}/size", check=True).strip()
             for name in ("vda", "vdb")}
    return next(f"/dev/{name}" for name in sizes if sizes[name] == str(2 * MIB // 512))


def cut_amid(b, confirmed=200):
    """A round, until so many writes are confirmed; then the power goes, and comes back."""
    b.run(f"cowboot bench-disk --cuts --size 1 {device(b)} > /run/cuts 2>&1 &", check=True)
    end = time.monotonic() + 60 * SCALE
    while True:
        out = b.run("cat /run/cuts", check=True)
        seen = [int(line.split()[1]) for line in out.splitlines() if line.startswith("confirmed ")]
        if seen and seen[-1] >= confirmed:
            break
        assert time.monotonic() < end and "cowboot: cannot" not in out, out
        time.sleep(0.2)
    b.cut()
    b.start()
    b.wait_up()
    return seen[-1]


def verdict(b):
    code, out = b.cowboot(f"bench-disk --check --json {device(b)}")
    return code, json.loads(out[out.index("{"):])


def test_keeps_what_it_confirmed(board, spare):
    """Twice, since the second round finds what the first has left."""
    b = board(extra=spare("honest").args)
    for number in (1, 2):
        seen = cut_amid(b)
        code, told = verdict(b)
        assert code == 0 and not told["lost"], told
        assert told["round"] == told["all"]["rounds"] == number
        assert told["confirmed"] >= seen - 32
        assert told["lost_flushed"] == told["lost_fua"] == told["spoiled"] == 0
    assert told["all"]["rounds_lost"] == 0


def test_drops_flushes(board, spare):
    b = board(extra=spare("liar").args)
    cut_amid(b)
    code, told = verdict(b)
    assert code == 1 and told["lost"], told
    assert told["lost_flushed"] > 0
    assert told["all"]["rounds_lost"] == 1
