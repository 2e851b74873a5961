# SPDX-License-Identifier: MIT
"""A board with scratch disks on which the experiments make their own devices.

The host lays bytes on a scratch disk while the guest runs, and reads there what the guest wrote:
the guest's device-mapper goes past every page cache, and QEMU keeps none of its own.
"""
import errno
import os
import re

from board import Board
from steps import wait_until
from stores import SECTOR_BYTES
from vm import Disk

MIB = 1 << 20
NODES = {"scratch": "/dev/vdb", "io_min": "/dev/vdc", "faulty": "/dev/vdd", "logged": "/dev/vde"}
SIZES = {"scratch": 8192 * MIB, "io_min": 16 * MIB, "faulty": 4 * MIB, "logged": 4 * MIB}
IO_MIN_BYTES = 65536
# The first write to each of these sectors of the faulty disk fails, and no other.
FAULTS = (2048 + 8, 4096 + 8)


def _memory_files():
    """{name: descriptor} of the scratch disks, zeros, in memory: no real disk waits for them."""
    files = {name: os.memfd_create(name) for name in SIZES}
    for name, fd in files.items():
        os.ftruncate(fd, SIZES[name])
    return files


def _disks(files, log):
    fault = {"event": "none", "iotype": "write", "errno": 5, "once": True}
    more = {"io_min": {"props": {"min_io_size": IO_MIN_BYTES}}, "logged": {"log": log},
            "faulty": {"inject": [fault | {"sector": n} for n in FAULTS]}}
    return [Disk(f"/proc/{os.getpid()}/fd/{fd}", **more.get(name, {}))
            for name, fd in files.items()]


def said(answer):
    """dm.c's line, the errno by its name."""
    return re.sub(r"\d+$", lambda m: errno.errorcode[int(m.group())], answer.strip())


class Place:
    """Some sectors of a scratch disk."""

    def __init__(self, disk, fd, sector, sectors):
        self.disk, self.fd, self.sector, self.sectors = disk, fd, sector, sectors

    def line(self, sectors=None, start=0):
        """A linear table line onto it, the first sectors of it."""
        return f"{start} {sectors or self.sectors} linear {NODES[self.disk]} {self.sector}"

    def write(self, data, offset_bytes=0):
        assert offset_bytes + len(data) <= self.sectors * SECTOR_BYTES
        done = os.pwrite(self.fd, data, self.sector * SECTOR_BYTES + offset_bytes)
        assert done == len(data)
        return self

    def read(self, len_bytes, offset_bytes=0):
        return os.pread(self.fd, len_bytes, self.sector * SECTOR_BYTES + offset_bytes)


class Guest(Board):
    def __init__(self, home, *, base, tools, **options):
        self.files, log = _memory_files(), home / "writes.log"
        disks = [Disk(base)] + _disks(self.files, log)
        super().__init__(home, images=[base], log=log, disks=disks, **options)
        self.tools, self.free_sector = tools, dict.fromkeys(SIZES, 2048)

    def start(self):
        super().start()
        self.wait_up()
        for tool in self.tools:
            name = tool.name.split("-")[0]
            self.channel.put(f"/tmp/{name}", tool.read_bytes())
            self.run(f"chmod 755 /tmp/{name}", check=True)

    def kill(self):
        super().kill()
        for fd in self.files.values():
            os.close(fd)
        self.files = {}

    def place(self, len_bytes, disk="scratch"):
        """The next free sectors of a disk, from a MiB boundary."""
        sector, sectors = self.free_sector[disk], -(-len_bytes // SECTOR_BYTES)
        self.free_sector[disk] += -(-sectors // 2048) * 2048
        assert self.free_sector[disk] * SECTOR_BYTES <= SIZES[disk], f"{disk} is full"
        return Place(disk, self.files[disk], sector, sectors)

    def put(self, data, disk="scratch"):
        return self.place(len(data), disk).write(data)

    def log_entries(self):
        """(start in bytes, length in bytes, flags) of all that the logged disk was asked to do;
        QEMU begins the file with the first write."""
        return list(self._log_entries()) if self.log.stat().st_size else []

    # ---- device-mapper -------------------------------------------------------------------------

    def _dm(self, *commands):
        """What dm.c says to each of these, in one go."""
        script = "; ".join(f"/tmp/dm {command}" for command in commands)
        lines = self.run(script, check=True).splitlines()
        assert len(lines) == len(commands), lines
        return [said(line) for line in lines]

    @staticmethod
    def _load(verb, name, lines, readonly):
        return " ".join([verb] + ["-r"] * readonly + [name] + [f"'{line}'" for line in lines])

    def dm(self, verb, name, *lines, readonly=False):
        """"ok", or what failed and how: "load EIO"."""
        return self._dm(self._load(verb, name, lines, readonly))[0]

    def must(self, verb, name, *lines, **options):
        answer = self.dm(verb, name, *lines, **options)
        assert answer == "ok", f"{verb} {name}: {answer}"

    def snapshot(self, origin, store, *, chunk_sectors=8, store_sectors=None, merge=False,
                 arg="P", readonly=False, store_lines=None):
        """Maps t-origin and t-store, linear, and t over them: what the kernel says of t."""
        kind = "snapshot-merge" if merge else "snapshot"
        below = [self._load("map", "t-origin", [origin.line()], False),
                 self._load("map", "t-store", store_lines or [store.line(store_sectors)], False)]
        line = (f"0 {origin.sectors} {kind} /dev/mapper/t-origin /dev/mapper/t-store {arg} "
                f"{chunk_sectors}")
        *parts, answer = self._dm(*below, self._load("map", "t", [line], readonly))
        assert parts == ["ok", "ok"], parts
        return answer

    def unmap(self):
        """Removes all three, as far as they are there."""
        for answer in self._dm("remove t", "remove t-store", "remove t-origin"):
            assert answer in ("ok", "remove ENXIO"), answer

    def status(self):
        return self.run("/tmp/dm status t", check=True).strip()

    def merged(self):
        """The status that a merge of t comes to rest with: done, or one of the words."""
        words = []

        def rests():
            words[:] = self.status().replace("/", " ").split()
            return not words[0].isdigit() or words[0] == words[2]
        wait_until(rests, "the merge rests")
        return "done" if words[0].isdigit() else " ".join(words)

    def log_lines(self, words):
        """The lines of the kernel's log with these words, without their time."""
        lines = self.run(f"dmesg | grep '{words}'")[1].splitlines()
        return [line.split("] ", 1)[-1] for line in lines]

    # ---- chunks --------------------------------------------------------------------------------

    def fill(self, first, count=1, word="NEW", device="t", chunk_bytes=4096):
        """Writes labelled chunks: "ok", or the errno of the first window that failed."""
        args = f"/dev/mapper/{device} {chunk_bytes} {first} {count} {word}"
        out = said(self.run(f"/tmp/chunks fill {args}", check=True))
        return out.split()[-1]

    def look(self, first, count, device="t", chunk_bytes=4096):
        """What chunks say: [(first, last, word)]."""
        args = f"/dev/mapper/{device} {chunk_bytes} {first} {count}"
        lines = self.run(f"/tmp/chunks look {args}", check=True).splitlines()
        runs = [line.split(" ", 2) for line in lines]
        return [(int(a), int(b), re.sub("^SnAp.*", "the header", w)) for a, b, w in runs]

    def unlike(self, word, count, device="t"):
        """What the chunks of a device say that do not say this word: "2 NEW, 3 NEW"; "all OLD"."""
        runs = self.look(0, count, device)
        if len(runs) == 1:
            return f"all {runs[0][2]}"
        return ", ".join(f"{n} {w}" for a, b, w in runs if w != word for n in range(a, b + 1))
