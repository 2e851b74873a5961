# SPDX-License-Identifier: MIT
"""systemd-boot on the crash suite's boards (docs/formats.md, "Boot entries"): the entries on the
ESP, read and counted in by mtools, which share no code with the kernel's FAT."""
import os
import re
import struct
import subprocess
from dataclasses import dataclass

import disk
import loader
from artefacts import BOARD_EFI
from disk import MIB

ESP_BYTES = 34 * MIB        # the least that a FAT32 with sectors of 512 bytes has
ENTRIES = "::/loader/entries"
# What fsck.vfat says of a FAT in which no file can harm another: clusters that belong to nobody are
# lost space and no more. And how it says which file it means.
HARMLESS = re.compile("Reclaimed|FATs differ but|Using first FAT|Dirty bit|Automatically removing|"
                      "Free cluster summary|Auto-correcting|There are differences|This is mostly|"
                      "[0-9]+:[0-9a-f]|Not automatically|fsck.fat |Leaving filesystem|$")
FILE = re.compile(r"(/\S+)( +and)?$")
FREE = re.compile(rb"Fat problem while decoding (\d+) 0\b")
# The program that cowboot names while an entry is being made or removed: no ESP here has it.
NOWHERE = "efi /cowboot/#.efi\n"
NAME = re.compile(r"cowboot-[ab](?:\+(\d+)(?:-(\d+))?)?\.conf")


class Lost(Exception):
    """The ESP cannot be read as a loader must read it."""


@dataclass(frozen=True)
class Entry:
    name: str
    slot: str
    version: int
    left: int       # None: it is not counted
    done: int


def make(cache, program, sector_bytes):
    """An ESP with the entry of slot a and its program."""
    files = {"loader/entries/cowboot-a.conf": BOARD_EFI / "entry.conf", "cowboot/a.efi": program}
    how = {"check": True, "stdout": subprocess.DEVNULL, "env": os.environ | disk.EPOCH}

    def fill(out):
        disk.make_zeros(out, ESP_BYTES)
        bits = "32" if sector_bytes == 512 else "16"
        subprocess.run(["/sbin/mkfs.vfat", "-F", bits, "-s", "1", "-S", str(sector_bytes),
                        "--invariant", out], **how)
        for name in ("loader", "loader/entries", "cowboot"):
            subprocess.run(["mmd", "-i", out, f"::{name}"], **how)
        for name, source in files.items():
            subprocess.run(["mcopy", "-i", out, source, f"::{name}"], **how)
    return cache.get("esp.vfat", fill, sector_bytes, *files.values())


class EspLoader:
    """systemd-boot: the highest version of those that have tries left, or are not counted."""

    def __init__(self, machine):
        self.machine = machine

    def _tool(self, path, *words, at=None):
        begin = self.machine.parts["esp"][0] if at is None else at
        run = subprocess.run([words[0], "-i", f"{path}@@{begin}", *words[1:]],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if run.returncode:
            raise Lost(f"{' '.join(words)}: {run.stderr.decode(errors='replace').strip()}")
        return run.stdout

    def _copy(self, path):
        copy = path.with_name("esp.img")
        copy.write_bytes(self.machine.part(path, "esp"))
        return copy

    def _text(self, path, name):
        """An entry's text. When the FAT says that its cluster is free, mtools reads no further; a
        firmware may well."""
        try:
            return self._tool(path, "mtype", f"{ENTRIES}/{name}")
        except Lost as e:
            free = FREE.search(str(e).encode())
            if not free:
                raise
            copy = self._copy(path)
            with open(copy, "r+b") as f:
                head = f.read(512)
                sector_bytes, reserved = struct.unpack_from("<HxH", head, 11)
                wide = struct.unpack_from("<H", head, 22)[0] == 0
                f.seek(reserved * sector_bytes + int(free.group(1)) * (4 if wide else 2))
                f.write(b"\xff\xff\xff\x0f" if wide else b"\xff\xff")
            return self._tool(copy, "mtype", f"{ENTRIES}/{name}", at=0)

    def entries(self, path):
        names = self._tool(path, "mdir", "-b", ENTRIES).decode(errors="replace").split()
        found = [self._entry(path, n.rsplit("/", 1)[1]) for n in names
                 if NAME.fullmatch(n.rsplit("/", 1)[1])]
        return [entry for entry in found if entry]

    def _entry(self, path, name):
        """None: it names no program, or one that is not there, and systemd-boot passes it over
        (boot_entry_add_type1)."""
        text = self._text(path, name).decode(errors="replace")
        version = re.search(r"(?m)^version (\d+)$", text)
        slot = re.search(r"(?m)^options .*\bcowboot\.slot=([ab])\b", text)
        program = re.search(r"(?m)^efi /cowboot/([ab])\.efi$", text)
        if not re.search("(?m)^efi ", text) or NOWHERE in text:
            return None
        if not version or not slot or not program or program.group(1) != slot.group(1):
            raise Lost(f"{name} is no entry: {text!r}")
        left, done = NAME.fullmatch(name).groups()
        return Entry(name, slot.group(1), int(version.group(1)), left and int(left),
                     int(done or 0))

    def _chosen(self, path):
        found = self.entries(path)
        if not found:
            raise Lost("there is no entry")
        return max(found, key=lambda e: (e.left != 0, e.version, e.left is None))

    def next(self, path):
        entry = self._chosen(path)
        return entry.slot, bool(entry.left)

    def start(self, path, logs=()):
        entry = self._chosen(path)
        if entry.left:
            self._count(path, entry, logs)
        return entry.slot

    def _count(self, path, entry, logs):
        """Renames it; what that changed are the loader's writes."""
        begin, size = self.machine.parts["esp"]
        unit = self.machine.device.sector_bytes
        before, copy = self.machine.part(path, "esp"), self._copy(path)
        name = f"cowboot-{entry.slot}+{entry.left - 1}-{entry.done + 1}.conf"
        self._tool(copy, "mren", f"{ENTRIES}/{entry.name}", name, at=0)
        after = copy.read_bytes()
        for at in range(0, size, unit):
            if after[at:at + unit] != before[at:at + unit]:
                loader.put(path, begin + at, after[at:at + unit], logs)

    def holds(self, path, slot):
        return self._tool(path, "mtype", f"::/cowboot/{slot}.efi")

    def at_rest(self, path, outcome):
        """What is wrong with the entries of a board that has come to rest, or None."""
        slot = loader.slot_of(outcome)
        names = [e.name for e in self.entries(path)]
        if names != [f"cowboot-{slot}.conf"]:
            return f"at rest on {outcome}, the boot entries are {', '.join(names)}"
        return self.harm(path, self._unused(outcome))

    def _unused(self, outcome):
        """The program of the slot that does not run: half a one may be left, until the next."""
        return "/COWBOOT/a.efi" if outcome == "new" else "/COWBOOT/b.efi"

    def half_left(self, path, outcome):
        """Whether that is so, and the next install has to cope with it."""
        return self._unused(outcome) in self._harmed(path)

    def harm(self, path, *but):
        """What is wrong with the ESP, these files aside, or None."""
        harm = self._harmed(path) - set(but)
        return f"the ESP is damaged: {', '.join(sorted(harm))}" if harm else None

    def _harmed(self, path):
        """The files that fsck.vfat names, or what else it says: a name whose clusters are free, or
        another's, will one day cost a file."""
        said = subprocess.run(["/sbin/fsck.vfat", "-n", self._copy(path)], stdout=subprocess.PIPE,
                              text=True).stdout.splitlines()[:-1]
        files = {found.group(1) for line in said if (found := FILE.match(line))}
        other = {line for line in said if line[:1] not in (" ", "/") and not HARMLESS.match(line)}
        return files | other
