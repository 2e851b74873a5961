# SPDX-License-Identifier: MIT
"""What the scenarios boot: images, initramfs and disks, made once and kept by a hash of all that
goes into them. Two pytest workers may ask for the same."""
import fcntl
import hashlib
import os
import random
import shutil
import subprocess
from pathlib import Path

import disk
from disk import MIB, Part
from tiny import image

TOP = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("COWBOOT_BUILD", TOP / "build"))
KERNEL = os.environ.get("KERNEL", "6.1")
OTHER_KERNEL = "6.12" if KERNEL == "6.1" else "6.1"
BOARD = TOP / "board/qemu-virt"
BOARD_EFI = TOP / "board/qemu-efi"
SIGNED = b"~Module signature appended~\n"
DISK_PY, IMAGE_PY = Path(disk.__file__), Path(image.__file__)


class Cache:
    """Files in a directory, each named by a hash of what it is made of."""

    def __init__(self, root):
        self.root, self.digests = root, {}
        root.mkdir(parents=True, exist_ok=True)

    def _digest(self, path):
        key = (path, path.stat().st_mtime_ns)
        if key not in self.digests:
            self.digests[key] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self.digests[key]

    def get(self, name, make, *inputs):
        """The file called name for these inputs (Paths count by content, all else by repr);
        make(path) writes it when it isn't there."""
        words = [self._digest(i) if isinstance(i, Path) else repr(i) for i in inputs]
        key = hashlib.sha256("\n".join([name] + words).encode()).hexdigest()[:16]
        stem, dot, suffix = name.partition(".")
        path = self.root / f"{stem}-{key}{dot}{suffix}"
        with open(self.root / f".{path.name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                new = path.with_name("new-" + path.name)
                make(new)
                new.replace(path)
        return path


class Images:
    """Tiny roots, volumes and file systems for data; described at the top of conftest.py."""

    def __init__(self, cache, programs):
        self.cache, self.programs = cache, programs

    def _build(self, name, programs, **args):
        def make(out):
            image.build(out, programs=programs, **args)
        return self.cache.get(name, make, IMAGE_PY, *programs, *programs.values(), args)

    def old(self, fs="ext4", version="old", size_mib=16):
        return self._build(f"old.{fs}", self.programs, fs=fs, version=version,
                           size_bytes=size_mib * MIB)

    def tiny(self, name, content_blocks, size_bytes, version="old", programs=None):
        """An image as small as wanted, with so many content blocks."""
        given = self.programs if programs is None else programs
        return self._build(name, given, version=version, size_bytes=size_bytes,
                           content_blocks=content_blocks)

    def volume(self, version="old", size_mib=4):
        return self._build("volume.ext4", {}, version=version, size_bytes=size_mib * MIB,
                           content_blocks=512)

    def new(self, old, **args):
        def make(out):
            image.variant(old, out, **args)
        return self.cache.get(f"new{old.suffix}", make, IMAGE_PY, old, args)

    def pair(self, fs="ext4", **args):
        old = self.old(fs)
        return old, self.new(old, **args)

    def built(self, fs, version, size_mib=24, change=64):
        """Made from a tree, as a build makes one version after the other; the new one has more."""
        changed = image.pick(1024, change, "runs") if version != "old" else []
        return self._build(f"{version}.{fs}", self.programs, fs=fs, version=version,
                           size_bytes=size_mib * MIB, changed=changed,
                           content_blocks=1040 if changed else 1024)

    def flashed(self, source, room_bytes=MIB):
        """What a partition holds that is longer than its image: behind it, what was there before. It
        ends with a page: squashfs reads in blocks, and cannot read one that the device cuts short."""
        def make(out):
            out.write_bytes(source.read_bytes() + random.Random(1).randbytes(room_bytes))
            size = out.stat().st_size
            os.truncate(out, size - size % 4096)
        return self.cache.get(f"flashed{source.suffix}", make, source, room_bytes)

    def data(self, size_mib=48, piece_blocks=None):
        def make(out):
            disk.make_data(out, size_mib * MIB)
            if piece_blocks:
                disk.fragment(out, piece_blocks)
        return self.cache.get("data.img", make, DISK_PY, size_mib, piece_blocks)

    def _broken(self, name, source, spoil):
        def make(out):
            shutil.copyfile(source, out)
            spoil(out)
        return self.cache.get(f"{name}{source.suffix}", make, IMAGE_PY, source)

    def without_init(self, source):
        return self._broken("initless", source, image.remove_init)

    def without_interpreter(self, source):
        return self._broken("interpreterless", source,
                            lambda out: image.replace_init(out, b"#!/bin/nothing\n"))

    def small_init(self, source):
        """A 32-bit program, which only the kernel can know that it cannot run."""
        head = b"\x7fELF\1\1\1" + bytes(9) + bytes([2, 0, 40, 0]) + bytes(32)
        return self._broken("small", source, lambda out: image.replace_init(out, head))

    def linked(self, source):
        """Its mount points are symbolic links within it."""
        return self._broken("linked", source, image.link_mount_points)

    def unmountable(self, source):
        return self._broken("unmountable", source, image.destroy_superblock)


def configuration(conf, vendor, store, data_options, board=BOARD, keeps=False):
    """The board's cowboot.conf, with the lines that the options ask for, and then those of conf,
    in place of its own lines of the same key. keeps: also what it says of the old system."""
    over = ""
    if vendor:
        over += "volume vendor PARTLABEL=vendor /vendor ext4 ro\n"
    if store == "cow":
        over += "store PARTLABEL=cow\n"
    if data_options:
        over += f"data PARTLABEL=data /data ext4 {data_options}\n"
    # A scenario that ends in recovery mostly looks around there: with a shell, unless it says.
    if not any(line.split()[:1] == ["recovery"] for line in conf.splitlines()):
        over += "recovery shell\n"
    # What is about signatures says so; an init that does not know the key gets a comment with it.
    if "require-signature" not in conf:
        over += "require-signature no\n"
    # What is kept of an old system is test_rollback.py's, and that of tests/crash and tests/endurance:
    # the others look for every file that is left.
    if "keep-old" not in conf and not keeps:
        over += "keep-old no\n"
    over += conf

    def key(line):
        return line.split()[:2 if line.startswith("volume") else 1]
    taken = [key(line) for line in over.splitlines()]
    own = (board / "cowboot.conf").read_text().splitlines()
    return "".join(line + "\n" for line in own if key(line) not in taken) + over


def initramfs(cache, conf, files={}, board=BOARD, version=KERNEL, modules=()):
    """The board's initramfs with this configuration, and programs by their path in it."""
    tool, kernel = TOP / "initramfs/mkinitramfs", BUILD / "kernels" / version
    init, toybox = BUILD / "arm64/init", BUILD / "arm64/toybox"
    cowboot = BUILD / "arm64/cowboot"

    def make(out):
        overlay = out.with_name(out.name + ".d")
        (overlay / "etc").mkdir(parents=True, exist_ok=True)
        (overlay / "etc/cowboot.conf").write_text(conf)
        for name, what in files.items():
            (overlay / name).parent.mkdir(parents=True, exist_ok=True)
            (overlay / name).write_bytes(what.read_bytes() if isinstance(what, Path) else what.encode())
            (overlay / name).chmod(0o755)
        more = [word for name in modules for word in ("--module", name)]
        subprocess.run([tool, "--fast", *more, "-o", out, "--init", init, "--toybox", toybox,
                        "--cowboot", cowboot, "--kernel", kernel, "--board", board,
                        "--overlay", overlay], check=True)
        shutil.rmtree(overlay)
    return cache.get("initramfs.img", make, tool, init, toybox, cowboot, board / "modules",
                     board / "modules-recovery", kernel / "release", conf, sorted(files), *[files[name] for name in sorted(files)],
                     modules)


def spare(packed):
    """Makes an initramfs one that an emulated processor takes sooner: not packed, and with modules whose
    signatures the kernel does not see. To check these was a tenth of what a board does until it is up."""
    tool = "gzip" if packed.read_bytes()[:2] == b"\x1f\x8b" else "zstd"
    data = subprocess.run([tool, "-dcq", packed], stdout=subprocess.PIPE, check=True).stdout
    packed.write_bytes(data.replace(SIGNED, bytes(len(SIGNED))))


def spared(cache, initrd):
    """The same of a file in the cache."""
    def make(out):
        shutil.copy(initrd, out)
        spare(out)
    return cache.get("spared.img", make, initrd, SIGNED)


def boot_image(cache, kernel, initrd, args="", packed=False):
    """What a boot slot holds, as a bundle carries it."""
    tool = TOP / "initramfs/mkboot"

    def make(out):
        more = ["--args", args] if args else []
        more += ["--gzip"] if packed else []
        subprocess.run([tool, "-o", out, "--kernel", kernel, "--initramfs", initrd, *more],
                       check=True)
    return cache.get("slot.vfat", make, tool, kernel, initrd, args, packed)


def boot_program(cache, kernel, initrd):
    """What a boot slot of a UEFI board holds."""
    tool, stub = TOP / "initramfs/mkuki", BUILD / "arm64/efi/linuxaa64.efi.stub"

    def make(out):
        subprocess.run([tool, "-o", out, "--stub", stub, "--kernel", kernel, "--initramfs", initrd],
                       check=True)
    return cache.get("slot.efi", make, tool, stub, kernel, initrd)


def esp_partition(cache, program):
    """systemd-boot with one entry, whose kernel this is; room for another."""
    loader = BUILD / "arm64/efi/systemd-bootaa64.efi"
    files = {"EFI/BOOT/BOOTAA64.EFI": loader, "loader/loader.conf": BOARD_EFI / "loader.conf",
             "loader/entries/cowboot-a.conf": BOARD_EFI / "entry.conf", "cowboot/a.efi": program}
    how = {"check": True, "stdout": subprocess.DEVNULL, "env": os.environ | disk.EPOCH}

    def make(out):
        disk.make_zeros(out, 160 * MIB)
        subprocess.run(["/sbin/mkfs.vfat", "-F", "32", "--invariant", out], **how)
        for name in ("EFI", "EFI/BOOT", "loader", "loader/entries", "cowboot"):
            subprocess.run(["mmd", "-i", out, f"::{name}"], **how)
        for name, source in files.items():
            subprocess.run(["mcopy", "-i", out, source, f"::{name}"], **how)
    return cache.get("esp.vfat", make, *files.values())


def loader_partition(cache):
    """A FAT image with U-Boot's script."""
    script = BOARD / "boot.cmd"
    how = {"check": True, "stdout": subprocess.DEVNULL, "env": os.environ | disk.EPOCH}

    def make(out):
        scr = out.with_name(out.name + ".scr")
        subprocess.run(["mkimage", *"-A arm64 -T script -C none -d".split(), script, scr], **how)
        disk.make_zeros(out, MIB)
        subprocess.run(["/sbin/mkfs.vfat", "--invariant", out], **how)
        subprocess.run(["mcopy", "-i", out, scr, "::boot.scr"], **how)
        scr.unlink()
    return cache.get("loader.vfat", make, script)


def base_disk(cache, parts, sector_bytes, power_of_two):
    """A disk of these Parts."""
    def make(out):
        disk.build_disk(out, parts, sector_bytes=sector_bytes, power_of_two=power_of_two)
    what = [(p.label, p.size_bytes, bool(p.image)) for p in parts]
    files = [Path(p.image) for p in parts if p.image]
    return cache.get("disk.img", make, DISK_PY, what, *files, sector_bytes, power_of_two)


def whole(label, path):
    """A partition just as large as its image."""
    return Part(label, Path(path).stat().st_size, path)
