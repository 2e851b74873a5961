# SPDX-License-Identifier: MIT
"""The boards of the crash suite: built for a life and a device, run once with every write recorded,
and then started again and again from one saved guest that has not read its disk yet.

A saved guest (tests/qemu/saved.py) stands before cowboot's init, with no block driver loaded: what it
boots from there is the disk it is given. That spares the kernel's own start for each state.
"""
import json
import random
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import artefacts
import blklog
import esp
import gpt
import menus
import saved
import vm
from artefacts import BOARD, BOARD_EFI, BUILD, KERNEL, TOP, whole
from disk import MIB, Part
from drive import BUSES
from esp import EspLoader
from loader import BlockLoader
from vm import CMDLINE, VM

HERE = Path(__file__).resolve().parent
MEM_MIB = 128
SLOT_BYTES = {"block": 16 << 10, "esp": 4 << 10}
RAM = Path("/dev/shm")
LOADERS = {"block": BlockLoader, "esp": EspLoader}


@dataclass(frozen=True)
class Device:
    """What kind of disk a board has. ordered: it has no cache, each write is durable in its turn.
    savable: QEMU can save a guest that has it; else each boot is one from the kernel's start on."""
    bus: str = "virtio"
    sector_bytes: int = 512
    props: dict = field(default_factory=dict)
    ordered: bool = False
    two: bool = False
    savable: bool = True


DEVICES = {
    "virtio": Device(),
    "virtio-no-cache": Device(props={"write-cache": "off"}),
    "virtio-4k": Device(sector_bytes=4096, props={"logical_block_size": 4096,
                                                  "physical_block_size": 4096}),
    "virtio-min-io-64k": Device(props={"min_io_size": 65536}),
    "nvme": Device(bus="nvme", savable=False),
    "sd": Device(bus="sd", ordered=True, savable=False),
    "two-disks": Device(two=True),
}


@dataclass
class Slices:
    """One file that holds all disks of a board one behind the other, as QEMU arguments: so that one
    log has all their writes in one order. With more than one, each has its own log as well
    (own_logs), which tells whose a flush was."""
    path: Path
    sizes: list
    device: Device
    log: Path = None

    def args(self, _):
        out = _node("file", "file", filename=str(self.path), cache={"no-flush": True})
        out += _node("raw", "all", file="file")
        top = "all"
        if self.log:
            out += _logged("log", "all", self.log)
            top = "log"
        before, driver = BUSES[self.device.bus]
        out += [word for name in before for word in ("-device", name)]
        at = 0
        for n, size in enumerate(self.sizes):
            drive = f"part{n}"
            out += _node("raw", drive, file=top, offset=at, size=size)
            if self.log and len(self.sizes) > 1:
                out += _logged(f"log{n}", drive, self.own_log(n))
                drive = f"log{n}"
            props = {"driver": driver, "id": f"disk{n}", "drive": drive} | self.device.props
            if self.device.bus == "nvme":
                props["serial"] = f"disk{n}"
            if len(self.sizes) > 1:
                props["share-rw"] = True
            out += ["-device", json.dumps(props)]
            at += size
        return out

    def own_log(self, n):
        return self.log.with_name(f"{self.log.name}.{n}")


def _node(driver, name, **more):
    return ["-blockdev", json.dumps({"driver": driver, "node-name": name} | more)]


def _logged(name, below, path):
    """A node that logs to a file; a second start goes on with it."""
    more = {"log-append": True} if path.exists() else {"log-sector-size": 512}
    path.touch()
    return _node("file", f"{name}-file", filename=str(path)) + _node(
        "blklogwrites", name, file=below, log=f"{name}-file", **more,
        **{"log-super-update-interval": 1})


class Machine:
    """A board of one life on one device: its first disk content, its initramfs, its partitions."""

    def __init__(self, cache, images, life, device):
        self.cache, self.device, self.life = cache, device, life
        self.loader = LOADERS[life.slots](self) if life.slots else None
        board = BOARD_EFI if life.slots == "esp" else BOARD
        self.board = board.name
        keep = "" if life.keeps else "keep-old no\n"
        self.conf = artefacts.configuration(keep + life.conf, life.vendor, life.store, None, board,
                                            keeps=life.keeps)
        self.initrd = artefacts.initramfs(cache, self.conf, board=board)
        self.kernel = BUILD / f"kernels/{KERNEL}/Image"
        self.saved_initrd = saved.initramfs(cache, board)
        self.old, self.new, self.slots = {}, {}, {}
        layout = _layout(self, images, life, device)
        self.stick = _stick(cache, self.new["system"]) if life.stick else None
        files = [artefacts.base_disk(cache, parts, device.sector_bytes, device.bus == "sd")
                 for parts in layout]
        self.sizes = [f.stat().st_size for f in files]
        self.files, self.parts, at = files, {}, 0
        for f, size in zip(files, self.sizes):
            for label, (start, length) in gpt.read(f).items():
                self.parts[label] = (at + start, length)
            at += size

    def write_disk(self, path):
        """A new disk as it is before the life begins."""
        with open(path, "wb") as out:
            for f in self.files:
                out.write(f.read_bytes())

    def part(self, disk, label):
        """The bytes of a partition of a disk (a file)."""
        at, size = self.parts[label]
        with open(disk, "rb") as f:
            f.seek(at)
            return f.read(size)

    def change_part(self, disk, label, change):
        """change(bytearray) does something to the bytes of a partition."""
        data = bytearray(self.part(disk, label))
        change(data)
        with open(disk, "r+b") as f:
            f.seek(self.parts[label][0])
            f.write(data)

    def entries(self, log):
        """What a log of vm() holds."""
        all_of_them = blklog.read(log)
        if len(self.sizes) == 1:
            return all_of_them
        own = [blklog.read(Slices(None, self.sizes, self.device, log).own_log(n))
               for n in range(len(self.sizes))]
        return blklog.by_disk(all_of_them, self.sizes, own)

    def load(self, disk, log=None):
        """What the boot loader does before the kernel: the slot, as kernel command line."""
        if not self.loader:
            return ""
        logs = [log] if log and log.exists() else []
        if logs and len(self.sizes) > 1:
            logs.append(Slices(None, self.sizes, self.device, log).own_log(0))
        return f"cowboot.slot={self.loader.start(disk, logs)}"

    def vm(self, where, disk, log=None, append="", extra=(), initrd=None):
        return VM(where, kernel=self.kernel, initrd=initrd or self.initrd,
                  append=f"{CMDLINE} {append}".strip(), mem_mib=MEM_MIB, no_reboot=True,
                  disks=[Slices(disk, self.sizes, self.device, log)],
                  extra=["-machine", "dtb-randomness=off", *extra])


def _layout(machine, images, life, device):
    old, new = life.system(images)
    machine.old["system"], machine.new["system"] = old, new
    if life.slots:
        machine.slots = {slot: _noise(machine.cache, slot, SLOT_BYTES[life.slots]) for slot in "ab"}
    first = [Part("boot_a", MIB, machine.slots.get("a")), Part("boot_b", MIB)]
    if life.slots == "esp":
        first = [whole("esp", esp.make(machine.cache, machine.slots["a"], device.sector_bytes))]
    first += [Part("meta", MIB), whole("system", old)]
    if life.vendor:
        old, new = life.vendor_images(images)
        machine.old["vendor"], machine.new["vendor"] = old, new
        first.append(whole("vendor", old))
    second = [Part("cow", 4 * MIB)] if life.store == "cow" else []
    second.append(whole("data", images.data(16)))
    return [first, second] if device.two else [first + second]


def _noise(cache, slot, size_bytes):
    """What a boot slot holds; nobody starts it."""
    return cache.get("slot.img", lambda out: out.write_bytes(
        random.Random(slot).randbytes(size_bytes)), slot, size_bytes)


def _stick(cache, image):
    def make(out):
        menus.make_stick(out, {"new.img": image})
        shutil.rmtree(out.with_suffix(".d"))
    return cache.get("stick.img", make, image)


class Fork:
    """The saved guests of a machine, which it shares with others that have its devices: start() begins
    a boot from one."""

    def __init__(self, machine):
        self.machine = machine

    def saved(self, line=""):
        """The file of the guest with this kernel command line."""
        machine = self.machine
        what = (line, len(machine.sizes), machine.device, MEM_MIB)
        return machine.cache.get("crash.guest", lambda out: self._save(out, line), machine.kernel,
                                 machine.saved_initrd, what)

    def _save(self, out, line):
        with tempfile.TemporaryDirectory(dir=out.parent) as where:
            disk = Path(where) / "none.img"
            self.machine.write_disk(disk)
            saved.save_at_fork(self.machine.vm(Path(where), disk, append=line,
                                               initrd=self.machine.saved_initrd), out)

    def start(self, where, disk, log=None, append=None, stick=None):
        """A board that boots from this disk, as its boot loader starts it, with more kernel command
        line and a stick if they are given; the caller kills it."""
        line = self.machine.load(disk, log)
        if append or stick or not self.machine.device.savable:
            line = f"{line} {append or ''}".strip()
            more = vm.stick(stick) if stick else ()
            return self.machine.vm(where, disk, log, append=line, extra=more).start()
        board = self.machine.vm(where, disk, log, append=line,
                                extra=saved.incoming(self.saved(line))).start()
        saved.wait_back(board)
        self.leave(board)
        return board

    def leave(self, board):
        """Lets a board that is back from before its boot begin it."""
        saved.leave_fork(board, self.machine.conf)
