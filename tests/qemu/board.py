# SPDX-License-Identifier: MIT
"""A QEMU board as a scenario sees it: the tiny root on its own disk, and what a test does to it.

Never judges: it raises when the board or the harness fails, the test compares.
"""
import hashlib
import json
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import gpt
import saved
from stream import SCALE, Gone
from vm import VM


LOG_MAGIC, LOG_DISCARD = 0x6A736677736872, 4


@dataclass
class Write:
    """One write that the disk took, by partition and offset in it (label "" outside all)."""

    label: str
    offset_bytes: int
    len_bytes: int
    flags: int  # blklogwrites': 1 flush, 2 FUA, 4 discard


class Board(VM):
    """A VM whose disks (images) belong to the test, and the log of the first one, if asked for. guests
    are the saved ones that it may go on from when it is switched on; conf is then its configuration."""

    def __init__(self, workdir, *, images, log=None, guests=None, conf="", **options):
        super().__init__(workdir, **options)
        self.images = [Path(i) for i in images]
        self.log, self.guests, self.conf = log, guests, conf
        self.guest = self.goes_on = None

    def _argv(self, streams):
        return super()._argv(streams) + (saved.incoming(self.goes_on) if self.goes_on else [])

    def _start_from(self, guest):
        self.goes_on = guest
        super().start()
        if guest:
            saved.wait_back(self)

    def _look_for_guest(self):
        self.guest = self.guests.of(self) if self.guests else None

    def start(self):
        self._look_for_guest()
        self._start_from(self.guest)
        if self.guest:
            saved.leave_fork(self, self.conf)
        return self

    def start_up(self, guest):
        """Goes on from a guest that was saved when it was up, on disks as they were then."""
        self._look_for_guest()
        self._start_from(guest)

    def begin_reboot(self):
        """As of any VM. A board that is still what it was when it went on from a saved guest goes on from
        there again, once its guest has rebooted as far as to the reset: the kernel's own start is spared."""
        if not self.guest or self.qmp.changed or any(disk.inject for disk in self.disks):
            super().begin_reboot()
            return
        self.qmp("set-action", reboot="shutdown")
        super().begin_reboot()
        self.process.wait(60 * SCALE)
        self._after_reset()

    def _after_reset(self):
        """QEMU ended by the guest's reset. Of what was seen of the board nothing is forgotten."""
        self.kill()
        serial, events, resets = self.serial, self.qmp.poll(), self.seen_resets
        name, data = events[-1] if events else ("", {})
        if (name, data.get("reason")) != ("SHUTDOWN", "guest-reset"):
            raise Gone(f"QEMU ended by {name} {data}, not by a reset; the console:\n{serial.text()[-4000:]}")
        self._start_from(self.guest)
        self.serial.go_on(serial.data, serial.at)
        self.qmp.events[:0] = [*events[:-1], ("RESET", {"guest": True})]
        self.seen_resets = resets
        saved.leave_fork(self, self.conf)

    # ---- cowboot in the guest ------------------------------------------------------------------

    def cowboot(self, args, timeout=60):
        """Runs `cowboot ARGS`: (exit code, output), which is without the lines of progress that are for
        eyes: those are printed only where the work takes longer than a second."""
        code, out = self.run(f"cowboot {args}", timeout)
        return code, without_progress(out)

    def status(self):
        """`cowboot status --json`, parsed, without the warnings before it on standard error."""
        out = self.run("cowboot status --json", check=True)
        return json.loads(out[out.index("{"):])

    def boot_json(self):
        """/run/cowboot/boot.json, parsed."""
        return json.loads(self.channel.get("/run/cowboot/boot.json"))

    def install(self, bundle, timeout=120, options=""):
        """Sends a bundle (a file of the host, or bytes) and installs it: (exit code, output) as of
        cowboot(). Options: of cowboot."""
        data = bundle if isinstance(bundle, bytes) else Path(bundle).read_bytes()
        self.channel.put("/run/bundle", data)
        try:
            return self.cowboot(f"{options} install /run/bundle", timeout)
        finally:
            self.run("rm /run/bundle")

    def read(self, device):
        """All bytes of a device in the guest, past its page cache, which may be stale or hold what a
        mounted file system never writes (tiny/channel.c)."""
        return self.channel.get(device)

    def digest(self, device="/dev/mapper/system"):
        """SHA-256 of a device in the guest: compare with image_digest()."""
        return hashlib.sha256(self.read(device)).hexdigest()

    def dmesg(self):
        return self.run("dmesg", check=True)

    # ---- the disks from outside ----------------------------------------------------------------

    def _place(self, label):
        for image in self.images:
            parts = gpt.read(image)
            if label in parts:
                return image, *parts[label]
        raise KeyError(f"no disk has a partition {label}")

    def sector(self, label, offset_bytes=0):
        """Where on its disk that byte lies, in 512-byte sectors: for blkdebug's rules."""
        return (self._place(label)[1] + offset_bytes) // 512

    def read_partition(self, label):
        """The bytes of a partition as the disk has them now, without what the guest caches."""
        image, start, size = self._place(label)
        with open(image, "rb") as f:
            f.seek(start)
            return f.read(size)

    def partition_digest(self, label, len_bytes=None):
        return hashlib.sha256(self.read_partition(label)[:len_bytes]).hexdigest()

    def digests(self, *labels):
        """{label: digest} of some partitions, or of all: for before == after."""
        labels = labels or [label for image in self.images for label in gpt.read(image)]
        return {label: self.partition_digest(label) for label in labels}

    def corrupt(self, label, offset_bytes, data):
        """Overwrites bytes of a partition while the board is off."""
        assert not self.process, "the board is on: cut() or poweroff() first"
        image, start, size = self._place(label)
        assert offset_bytes + len(data) <= size, f"beyond the end of {label}"
        with open(image, "r+b") as f:
            f.seek(start + offset_bytes)
            f.write(data)

    def _log_entries(self):
        """(start in bytes, length in bytes, flags) of each entry of the log."""
        if not Path(self.log).stat().st_size:
            return                      # its head comes with the first entry
        with open(self.log, "rb") as f:
            magic, _, count, sector_bytes = struct.unpack_from("<QQQI", f.read(512))
            assert magic == LOG_MAGIC, "not a blklogwrites log"
            f.seek(sector_bytes)
            for _ in range(count):
                start, length, flags, _ = struct.unpack_from("<QQQQ", f.read(sector_bytes))
                if not flags & LOG_DISCARD:
                    f.seek(length * sector_bytes, 1)
                yield start * sector_bytes, length * sector_bytes, flags

    def writes(self):
        """What the first disk was asked to write since the board was made with log=True, in order;
        flushes alone are left out."""
        parts, found = gpt.read(self.images[0]), []
        for at, length, flags in self._log_entries():
            holds = [(n, start) for n, (start, size) in parts.items() if start <= at < start + size]
            label, start = holds[0] if holds else ("", 0)
            if length:
                found.append(Write(label, at - start, length, flags))
        return found


def without_progress(out):
    """Without the lines that a command prints only where it takes longer than a second."""
    return re.sub(r"(?m)^cowboot: .*: +\d+%, .*\n", "", out)


def image_digest(path, size_bytes=0):
    """SHA-256 of an image file, as a volume of size_bytes that holds it reads."""
    return hashlib.sha256(Path(path).read_bytes().ljust(size_bytes, b"\0")).hexdigest()
