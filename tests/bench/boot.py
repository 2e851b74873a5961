# SPDX-License-Identifier: MIT
"""Boots, from the kernel's start of /init to the first instruction of what is started in the place of the real
init (marks.c).

Each kind is booted in turn, so that what else the machine does meets all of them alike. Times are the
host's clock; what counts instructions makes a boot slower, so that is a boot of its own, in which QEMU's
clock goes by instructions as well (-icount): the number then hardly depends on what else the machine does.
"""
from dataclasses import dataclass, field
from pathlib import Path

from lab import END, MARKS, scratch
from stream import SCALE


@dataclass
class Kind:
    """One thing that is booted: an initramfs on a disk."""
    name: str
    initrd: Path
    disk: Path
    append: str = ""
    times_ms: list = field(default_factory=list)
    before_ms: list = field(default_factory=list)       # from the power on to /init
    insns: list = field(default_factory=list)
    waits: list = field(default_factory=list)           # for a disk, or for a time
    writes: int = None
    written_bytes: int = None


def _marks(path):
    """{name: (nanoseconds, instructions, waits)} of the first time each."""
    found = {}
    for line in path.read_text().splitlines():
        name, *numbers = line.split()
        found.setdefault(name, tuple(map(int, numbers)))
    return found


def boot(lab, kind, *, count=False, log=False, smp=1, mem_mib=256, timeout=120):
    """One boot of a fresh copy of its disk: the marks, and the board, which is off."""
    where = scratch()
    disk, marks = lab.copy(kind.disk, where / "disk.img"), where / "marks"
    extra = ["-plugin", f"{MARKS},to={marks},count={'on' if count else 'off'}"]
    if count:
        extra += ["-icount", "shift=2,sleep=off"]
    b = lab.board(where, disk, initrd=kind.initrd, append=f"init={END} {kind.append}", extra=extra,
                  log=where / "writes.log" if log else None, smp=smp, mem_mib=mem_mib)
    with b:
        b.process.wait(timeout * SCALE)
    found = _marks(marks)
    if "end" not in found:
        tail = (where / "serial.log").read_text(errors="replace")[-3000:]
        raise RuntimeError(f"{kind.name} did not come up; its console:\n{tail}")
    return found, b


def measure(lab, kinds, runs, counts):
    """Fills the kinds."""
    for n in range(runs):
        for kind in kinds if n % 2 == 0 else reversed(kinds):
            found, _ = boot(lab, kind)
            kind.before_ms.append(found["begin"][0] / 1e6)
            kind.times_ms.append((found["end"][0] - found["begin"][0]) / 1e6)
    for n in range(counts):
        for kind in kinds:
            found, _ = boot(lab, kind, count=True)
            kind.insns.append(found["end"][1] - found["begin"][1])
            kind.waits.append(found["end"][2] - found["begin"][2])
    for kind in kinds:
        writes = boot(lab, kind, log=True)[1].writes()
        kind.writes, kind.written_bytes = len(writes), sum(w.len_bytes for w in writes)
    return kinds


BARE = "floor, without data"


def kinds(lab, phases=("idle", "kept", "forgotten", "trial", "merging", "proving")):
    """The floor first: the others are compared with it."""
    floor = lab.initramfs(lab.programs["floor"], recovery=False)
    ours = lab.initramfs(lab.init)
    idle, root = lab.disk_at("idle"), "floor.root=/dev/vda4"
    return [Kind("floor", floor, idle, f"{root} floor.data=/dev/vda5"), Kind(BARE, floor, idle, root),
            *(Kind(phase, ours, lab.disk_at(phase)) for phase in phases)]
