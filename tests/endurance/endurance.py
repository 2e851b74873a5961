# SPDX-License-Identifier: MIT
"""The command: one disk, so many cycles, what is told of them, and what must hold at the end."""
import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from artefacts import BUILD, KERNEL, Cache, Images
from cycle import Cycle, Tally
from ground import STORES, VOLUMES, Ground, boards, fsck
from judged import Bad
from kept import Wrong
from machine import DEVICES, RAM, Fork
from tiny import image
from update import Update, draw_back, draw_update

ROOT = BUILD / "endurance" / KERNEL
DISK, KNOWN, FAILED = ROOT / "before.img", ROOT / "known.json", ROOT / "failed"


def options(argv):
    p = argparse.ArgumentParser(prog="tests/endurance/run", description="many updates in a row")
    p.add_argument("--cycles", type=int, default=200)
    p.add_argument("--seed", type=int, help="of the whole run; default: the clock")
    p.add_argument("--cycle", type=int, metavar="K",
                   help="go on with cycle K, on the disk that was kept before it")
    p.add_argument("--store", choices=(*STORES, "both"), default="both",
                   help="both: by chance, a raw store in one cycle of four")
    p.add_argument("--device", default="virtio", choices=[d for d in DEVICES if not DEVICES[d].two])
    return p.parse_args(argv)


class Run:
    """The disk, and what is known of it between two cycles."""

    def __init__(self, opts, scratch):
        cache = Cache(BUILD / "tests/cache")
        self.opts, self.scratch = opts, scratch
        self.stores = ("file", "file", "file", "cow") if opts.store == "both" else (opts.store,)
        images = Images(cache, image.programs(BUILD))
        self.boards = boards(cache, images, DEVICES[opts.device])
        self.ground = Ground(self.boards["file"], scratch / "disk.img", scratch)
        self.forks = {s: Fork(self.boards[s]) for s in sorted(set(self.stores))}
        self.tally, self.number = Tally(), 1
        self._go_on() if opts.cycle else self._begin()

    def _begin(self):
        self.ground.begin()
        self.free, self.frame = self.ground.clean_blocks(), self.ground.frame()

    def _go_on(self):
        known = json.loads(KNOWN.read_text())
        if (known["seed"], known["number"]) != (self.opts.seed, self.opts.cycle):
            raise SystemExit(f"endurance: the disk that was kept is that before cycle "
                             f"{known['number']} of seed {known['seed']}: {DISK}")
        shutil.copyfile(DISK, self.ground.disk)
        self.number, self.free, self.frame = known["number"], known["free"], known["frame"]
        self.ground.files, self.tally.counts = known["files"], known["tally"]
        self.ground.version, self.ground.before = known["version"], known["before"]

    def keep(self):
        """Keeps the disk before a cycle."""
        ROOT.mkdir(parents=True, exist_ok=True)
        KNOWN.unlink(missing_ok=True)
        shutil.copyfile(self.ground.disk, DISK)
        KNOWN.write_text(json.dumps({
            "seed": self.opts.seed, "number": self.number, "free": self.free, "frame": self.frame,
            "files": self.ground.files, "tally": self.tally.counts,
            "version": self.ground.version, "before": self.ground.before}))

    def cycle(self, update=None):
        """One update, and perhaps the way back from it, or to what was kept before; a line for each."""
        self.keep()
        name = f"{self.opts.seed}/{self.number}"
        rng = random.Random(name)
        update = update or draw_update(rng, self.number, self.stores)
        self.ground.age(rng)
        self._cycle(name, update, rng)
        rng = random.Random(f"{name} back")
        back = draw_back(rng, self.ground.before, self.ground.store_of_before() if self.ground.before else None)
        if back:
            self._cycle(name, back, rng)
        self.number += 1

    def _cycle(self, name, update, rng):
        start, where = time.monotonic(), self.scratch / "cycle"
        shutil.rmtree(where, ignore_errors=True)
        where.mkdir()
        cycle = Cycle(self.ground, self.forks, update, rng, where, self.tally)
        try:
            result = cycle.run()
        except BaseException:
            print(f"cycle {name}: {update}: {' '.join(cycle.told)} ...", flush=True)
            self._keep_failed(where)
            raise
        print(f"cycle {name}: {update}: {' '.join(cycle.told)}: {result}, "
              f"{time.monotonic() - start:.0f} s", flush=True)

    def _keep_failed(self, where):
        shutil.rmtree(FAILED, ignore_errors=True)
        shutil.copytree(where, FAILED)
        shutil.copyfile(self.ground.disk, FAILED / "disk.img")

    def end(self):
        """What must hold after all cycles; the last update is an ordinary one."""
        self.cycle(Update("last", self.stores[0], "good", 8, {"system": [("runs", 64)]}, 0))
        self.ground.clear()
        for label in (*VOLUMES, "data"):
            path = self.scratch / f"{label}.end"
            path.write_bytes(self.ground.part(label))
            damaged = fsck(path)
            if damaged:
                raise Bad(f"{label} is damaged:\n{damaged}")
        free = self.ground.clean_blocks()
        if free != self.free:
            raise Bad(f"data has {free} free blocks, at the begin it had {self.free}")
        if self.ground.frame() != self.frame:
            raise Bad("the partition table or a boot slot has changed")
        print(f"endurance: e2fsck -fn is clean on {', '.join(VOLUMES)} and data; {free} blocks of "
              f"data are free, as before; the partition table is as it was")


def main(argv):
    opts = options(argv)
    opts.seed = opts.seed or int(time.time())
    print(f"endurance: kernel {KERNEL}, {opts.device}, {opts.cycles} cycles, --seed {opts.seed}",
          flush=True)
    ram = RAM if RAM.is_dir() else BUILD
    with tempfile.TemporaryDirectory(dir=ram, prefix="endurance-") as scratch:
        run = Run(opts, Path(scratch))
        try:
            while run.number <= opts.cycles:
                run.cycle()
            run.end()
        except (Bad, Wrong) as e:
            print(f"endurance: cycle {opts.seed}/{run.number} is BAD: {e}\n"
                  f"the disk before it: {DISK}, and its last power-on: {FAILED}; again: "
                  f"--seed {opts.seed} --cycle {run.number}", file=sys.stderr)
            return 1
        counts = ", ".join(f"{name} {n}" for name, n in sorted(run.tally.counts.items()))
        print(f"endurance: {run.number - 1} cycles good: {counts}")
    return 0
