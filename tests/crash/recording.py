# SPDX-License-Identifier: MIT
"""A life, run once with every write recorded; kept, so that an interrupted suite goes on with the
same writes and the same names."""
import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import blklog
import judge
import states
from artefacts import BUILD, KERNEL
from steps import HOST_COWBOOT
from lifetime import Board
from machine import Fork

ENTRY_BYTES = 16


@dataclass
class Recording:
    """base is the disk before the life (a file); expected is [(entries, outcomes)], rising."""
    machine: object
    base: Path
    entries: list
    expected: list
    free_blocks: int
    bundle: Path = None

    def outcomes(self, at):
        """What a cut before entry `at` may lead to, by what the person had done."""
        return next(what for count, what in reversed(self.expected) if count <= at)

    def states(self):
        device = self.machine.device
        return states.distinct(self.base.read_bytes(), self.entries, device.sector_bytes,
                               device.ordered)

    def controls(self, most):
        """Illegal orders of each merge: a chunk that was merged is lost, the store's metadata says
        that it was merged. Of what is kept: a part is lost, the merge has begun. Of an image: a part
        is lost, the record says that it is whole. Of a boot slot: a part is lost, the boot loader
        starts it."""
        found = [self._image_controls()] if self.machine.stick else self._merge_controls()
        each = [states.sample(list(f), most) for f in (*found, self._slot_controls())]
        return sum(each, states.sample(list(self._kept_controls()), min(most, 1)))

    def _merge_controls(self):
        """Of each part of the run in which one thing alone may come out."""
        marks = [count for count, _ in self.expected] + [len(self.entries)]
        for first, last in zip(marks, marks[1:]):
            yield states.control(self.entries, self._volume, first, last)

    def _kept_controls(self):
        """What is kept at the end was written whole before the last merge had written a chunk."""
        end = bytearray(self.base.read_bytes())
        for e in self.entries:
            end[e.at:e.at + len(e.data)] = e.data
        at, size = self.machine.parts["meta"]
        is_kept = judge.kept_in(bytes(end[at:at + size]))
        merging, (start, _) = self._last_merge(), self.machine.parts[is_kept.place if is_kept else "data"]
        if not is_kept or not merging or self.machine.slots:
            return
        places = [(start + a, start + a + n) for v in is_kept.volumes for a, n in v.extents]
        base, again = self.base.read_bytes(), set()
        for n, e in reversed(list(enumerate(self.entries[:merging]))):
            if (any(a <= e.at < z for a, z in places) and e.at not in again and
                    e.data != base[e.at:e.at + len(e.data)]):
                yield states.State(f"u{n}", merging, merging, lost=(n,))
            again.add(e.at)

    def _last_merge(self):
        """The first entry of the last merge that is a volume's, or 0."""
        ends = [count for count, what in self.expected if len(what) > 1] + [len(self.entries)]
        for first, last in reversed(list(zip([0, *ends], ends))):
            for n in range(first, last):
                if self._volume(self.entries[n]):
                    return n
        return 0

    def _image_controls(self):
        base, end = self.base.read_bytes(), len(self.entries)
        for n, e in enumerate(self.entries):
            if self._volume(e) and base[e.at:e.at + len(e.data)] != e.data:
                yield states.State(f"y{n}", end, end, lost=(n,))

    def _slot_controls(self):
        armed = next((count for count, what in self.expected if what == ["new"]), 0)
        at, size = self.machine.parts.get("boot_b", (0, 0))
        for n, e in enumerate(self.entries[:armed]):
            if at <= e.at < at + size:
                yield states.State(f"y{n}", armed, armed, lost=(n,))

    def _volume(self, e):
        """The volume into whose origin it is, or None."""
        for name in self.machine.old:
            at, size = self.machine.parts[name]
            if at <= e.at < at + size:
                return name
        return None


def fingerprint(life, device):
    """What a recording depends on; the life itself is among the Python files."""
    key = hashlib.sha256(repr((life.name, device)).encode())
    for path in (BUILD / "arm64/init", BUILD / "arm64/cowboot", BUILD / "arm64/toybox",
                 BUILD / f"kernels/{KERNEL}/Image", *sorted(Path(__file__).parent.glob("*.py"))):
        key.update(path.read_bytes())
    return key.hexdigest()


def bundle(machine, back=False):
    """The update's, or one that leads back."""
    old, new = (machine.new, machine.old) if back else (machine.old, machine.new)
    names = ["--from", "new", "--version", "old"] if back else ["--from", "old", "--version", "new"]
    pairs = [f"{v}={old[v]}:{new[v]}" for v in sorted(old)]
    boot = ["--boot", str(machine.slots["a" if back else "b"])] if machine.slots else []

    def make(out):
        subprocess.run([HOST_COWBOOT, "bundle", "create", "-o", out, *names, "--board",
                        machine.board, *boot, *pairs], check=True, stdout=subprocess.DEVNULL)
    return machine.cache.get("crash.bundle", make, HOST_COWBOOT, machine.board, boot, names,
                             *old.values(), *new.values())


def record(machine, life, where):
    """Runs the life, unless where/ already holds its recording."""
    key = fingerprint(life, machine.device)
    base, log, known = where / "base.img", where / "writes.log", where / "recording.json"
    if not known.exists() or json.loads(known.read_text())["key"] != key:
        shutil.rmtree(where, ignore_errors=True)
        where.mkdir(parents=True)
        expected = _run(machine, life, where, base, log)
        _write_whole(known, json.dumps({"key": key, "expected": expected}))
    expected = json.loads(known.read_text())["expected"]
    data = where / "data.img"
    data.write_bytes(machine.part(base, "data"))
    free = judge.clean_blocks(data)
    data.unlink()
    return Recording(machine, base, machine.entries(log), expected, free, bundle(machine))


def _write_whole(path, text):
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def _lived_in(data, where):
    """The folder of the stores and a user's file, on data's file system (its bytes): that spares each
    life a boot."""
    image, mine = where / "data.img", where / "user"
    image.write_bytes(data)
    mine.write_text("mine\n")
    subprocess.run(["/sbin/debugfs", "-w", "-f", "-", image], text=True, check=True, capture_output=True,
                   input=f"mkdir cowboot\nwrite {mine} user\n")
    data[:] = image.read_bytes()
    mine.unlink()


def _run(machine, life, where, base, log):
    bundles = bundle(machine), bundle(machine, back=True)
    machine.write_disk(base)
    running = []

    def starter(disk, log=None):
        def start(append):
            vm = Fork(machine).start(where / "vm", disk, log, append, machine.stick)
            running[:] = [vm]
            return vm
        return start
    try:
        prepare = Board(starter(base), *bundles)
        machine.change_part(base, "data", lambda data: _lived_in(data, where))
        if life.recovery_after:
            prepare.comes_and_goes()
        if life.before:
            life.before(prepare)
        if life.spoil:
            machine.change_part(base, "meta", life.spoil)
        disk, expected = where / "disk.img", []
        shutil.copyfile(base, disk)

        def expect(*outcomes):
            expected.append((blklog.count(log) if log.exists() else 0, outcomes))
        life.run(Board(starter(disk, log), *bundles), expect)
        disk.unlink()
        return expected
    finally:
        for vm in running:
            vm.kill()
