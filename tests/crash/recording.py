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
from lives import Board

ENTRY_BYTES = 16


@dataclass
class Recording:
    """base is the disk before the life (a file); expected is [(entries, outcomes)], rising."""
    machine: object
    base: Path
    entries: list
    expected: list
    free_blocks: int

    def outcomes(self, at):
        """What a cut before entry `at` may lead to, by what the person had done."""
        return next(what for count, what in reversed(self.expected) if count <= at)

    def states(self):
        device = self.machine.device
        return states.distinct(self.base.read_bytes(), self.entries, device.sector_bytes,
                               device.ordered)

    def controls(self, most):
        """Illegal orders of the merge: a chunk that was merged is lost, the store's metadata says
        that it was merged."""
        return states.sample(list(states.control(self.entries, self._volume)), most)

    def _volume(self, e):
        """The volume into whose origin it is, or None."""
        for name in self.machine.old:
            at, size = self.machine.parts[name]
            if at <= e.at < at + size:
                return name
        return None


def fingerprint(life, device):
    """What a recording depends on."""
    key = hashlib.sha256(repr((life, device)).encode())
    for path in (BUILD / "arm64/init", BUILD / "arm64/cowboot", BUILD / "arm64/toybox",
                 BUILD / f"kernels/{KERNEL}/Image", *sorted(Path(__file__).parent.glob("*.py"))):
        key.update(path.read_bytes())
    return key.hexdigest()


def bundle(machine, life):
    pairs = [f"{v}={machine.old[v]}:{machine.new[v]}" for v in sorted(machine.old)]

    def make(out):
        subprocess.run([HOST_COWBOOT, "bundle", "create", "-o", out, "--version", "new", "--board",
                        "qemu-virt", *pairs], check=True, stdout=subprocess.DEVNULL)
    return machine.cache.get("crash.bundle", make, HOST_COWBOOT, *machine.old.values(),
                             *machine.new.values())


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
    free = judge.free_blocks(data)
    data.unlink()
    return Recording(machine, base, machine.entries(log), expected, free)


def _write_whole(path, text):
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def _run(machine, life, where, base, log):
    update = bundle(machine, life)
    machine.write_disk(base)
    running = []

    def starter(disk, log=None):
        def start():
            running[:] = [machine.vm(where / "vm", disk, log).start()]
            return running[0]
        return start
    try:
        prepare = Board(starter(base), update)
        prepare.on()
        prepare.run("mkdir -p /data/cowboot && echo mine > /data/user && sync")
        prepare.off()
        if life.before:
            life.before(prepare)
        disk, expected = where / "disk.img", []
        shutil.copyfile(base, disk)

        def expect(*outcomes):
            expected.append((blklog.count(log) if log.exists() else 0, outcomes))
        life.run(Board(starter(disk, log), update), expect)
        disk.unlink()
        return expected
    finally:
        for vm in running:
            vm.kill()
