# SPDX-License-Identifier: MIT
"""Every board's boot script, from its own disk's layout, in a real U-Boot: Debian's for QEMU, whose
language and commands are the same. A tiny kernel that only loops is what it starts."""
import os
import re
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

import gpt
from vm import QEMU, VM, Disk

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
# Those that U-Boot starts.
BOARDS = sorted(p.parent.name for p in TOP.glob("board/*/parts")
                if not (p.parent / "entry.conf").exists())
ONE_OF_EACH = ["rockpro64", "rpi4"]         # the two scripts that there are
COPIES = (262144, 786432)
START = r"Starting kernel \.\.\."


def block(good="a", trial=None, tries=0):
    """A boot block: docs/formats.md."""
    head = b"COWSLOT\n" + bytes([1, ord(good), ord(trial) if trial else 0, tries])
    data = head.ljust(508, b"\0")
    return data + struct.pack(">I", zlib.crc32(data))


class Pi(VM):
    """QEMU's Raspberry Pi 3, from U-Boot on; its line is the second UART."""

    def _argv(self, streams):
        argv = [QEMU, "-M", "raspi3b", "-nodefaults", "-display", "none"]
        for stream in streams:
            argv += ["-chardev", f"socket,id={stream.name},fd={stream.fd}"]
        dtb = BUILD / "kernels/6.1/dtb/broadcom/bcm2837-rpi-3-b.dtb"
        argv += ["-serial", "null", "-serial", "chardev:serial", "-mon", "chardev=qmp,mode=control",
                 "-kernel", BUILD / "u-boot/usr/lib/u-boot/rpi_3/u-boot.bin", "-dtb", dtb,
                 "-drive", f"if=sd,format=raw,file={self.disks[0].path}"]
        return [str(arg) for arg in argv]


def slot_image(path, kernel, initramfs, *dtbs):
    more = [word for dtb in dtbs for word in ("--dtb", f"{dtb.parent.parent}/./{dtb.parent.name}/{dtb.name}")]
    subprocess.run([TOP / "initramfs/mkboot", "-o", path, "--kernel", kernel, "--initramfs", initramfs,
                    "--mib", "4", *more], check=True)
    return path.read_bytes()


class Bench:
    """A disk with the partitions of board/NAME, and QEMU's U-Boot before it; own: the board's own."""

    def __init__(self, name, tmp, own=False):
        self.dir, self.disk = tmp, tmp / "disk.img"
        subprocess.run(["cp", "--sparse=always", BUILD / name / "disk.img", self.disk], check=True)
        self.parts = gpt.read(self.disk)
        # Loads and loops: a kernel of 4 KiB, as arm64's boot protocol wants it.
        kernel, initramfs = tmp / "Image", tmp / "initramfs.img"
        kernel.write_bytes(struct.pack("<IIQQQQQQII", 0x14000000, 0, 0, 0x10000, 0xA, 0, 0, 0,
                                       0x644D5241, 0).ljust(4096, b"\0"))
        initramfs.write_bytes(b"none".ljust(512, b"\0"))
        self.slot = slot_image(tmp / "slot.img", kernel, initramfs)
        self.fill("boot_a", self.slot)
        if not own:
            self.use_addresses_of_virt()

    def use_addresses_of_virt(self):
        """QEMU's memory begins at 1 GiB: other numbers for the addresses that a script has itself."""
        start = self.parts["loader"][0]
        script = subprocess.run(["mtype", "-i", f"{self.disk}@@{start}", "::boot.scr"], check=True,
                                capture_output=True).stdout[72:].decode()
        script = re.sub(r"\b600([0-9a-f]{3})\b", r"42600\1", script)
        self.put_script(re.sub(r"^setenv (kernel|ramdisk)_addr_r .*\n", "", script, flags=re.M))

    def put_script(self, text):
        self.script, name = text, self.dir / "boot.scr"
        (self.dir / "boot.cmd").write_text(text)
        subprocess.run(["mkimage", *"-A arm64 -T script -C none -d".split(), self.dir / "boot.cmd", name],
                       check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["mcopy", "-o", "-i", f"{self.disk}@@{self.parts['loader'][0]}", name, "::boot.scr"],
                       check=True, env=os.environ | {"MTOOLS_SKIP_CHECK": "1"})

    def fill(self, label, data, at=0):
        with open(self.disk, "r+b") as f:
            f.seek(self.parts[label][0] + at)
            f.write(data)

    def blocks(self, *copies):
        for at, data in zip(COPIES, copies):
            self.fill("meta", data, at)

    def tries(self):
        """(trial's tries) of both copies, each with a good sum."""
        with open(self.disk, "rb") as f:
            found = []
            for at in COPIES:
                f.seek(self.parts["meta"][0] + at)
                data = f.read(512)
                assert struct.unpack_from(">I", data, 508)[0] == zlib.crc32(data[:508])
                found.append(data[11])
        return found

    def run(self, *expected, machine=VM):
        """Boots, and waits for these lines one after the other."""
        with machine(self.dir, disks=[Disk(self.disk)], uboot=True) as vm:
            for each in expected:
                vm.wait_for(each, 60)
            return vm.serial.text()


@pytest.fixture
def bench(request, tmp_path):
    return Bench(request.param, tmp_path)


def each(boards):
    return pytest.mark.parametrize("bench", boards, indirect=True)


@each(BOARDS)
def test_trial_is_counted(bench):
    """By the spare, for the first copy is damaged: one try less on both, and slot b starts."""
    bench.fill("boot_b", bench.slot)
    bench.blocks(block("a", "b", 9)[:-1] + b"\0", block("a", "b", 2))
    said = bench.run("slot b is on trial, 0x1 tries left", "boot.scr: slot b", START)
    assert "Unknown command" not in said and "syntax error" not in said
    assert bench.tries() == [1, 1]


@each(ONE_OF_EACH)
def test_no_block(bench):
    bench.run("no boot block: slot a", "boot.scr: slot a", START)


@each(ONE_OF_EACH)
def test_block_that_makes_no_sense(bench):
    """Its sum is right: passed over all the same, as cowboot does, and the spare counts."""
    bench.fill("boot_b", bench.slot)
    for good, trial, tries in (("c", None, 0), ("b", "b", 3), ("b", "a", 101), ("b", None, 1)):
        bench.blocks(block(good, trial, tries), block("a", "b", 2))
        bench.run("slot b is on trial, 0x1 tries left", "boot.scr: slot b", START)


@each(ONE_OF_EACH)
def test_good_slot_b(bench):
    bench.fill("boot_b", bench.slot)
    bench.blocks(*2 * [block("b")])
    bench.run("boot.scr: slot b", START)
    assert bench.tries() == [0, 0]


@each(ONE_OF_EACH)
def test_tries_are_spent(bench):
    bench.fill("boot_b", bench.slot)
    bench.blocks(*2 * [block("a", "b", 0)])
    bench.run("boot.scr: slot a", START)


@each(ONE_OF_EACH)
def test_trial_cannot_be_loaded(bench):
    """Slot b is empty: no try is left for it, and slot a starts at once."""
    bench.blocks(*2 * [block("a", "b", 100)])
    bench.run("slot b is on trial, 0x63 tries left", "slot b cannot be started", "boot.scr: slot a", START)
    assert bench.tries() == [0, 0]


@each(ONE_OF_EACH)
def test_good_slot_cannot_be_loaded(bench):
    bench.blocks(*2 * [block("b")])
    bench.run("slot b cannot be started", "boot.scr: slot a", START)


@each(["rockpro64"])
def test_meta_is_elsewhere(bench):
    """The script that knows its sectors by number keeps off when they are another's."""
    assert "setenv wanted_start 8800\n" in bench.script and bench.parts["meta"][0] == 0x8800 * 512
    bench.put_script(bench.script.replace("wanted_start 8800", "wanted_start 9000"))
    bench.blocks(*2 * [block("a", "b", 2)])
    bench.run("meta is not at sector 0x9000", "boot.scr: slot a", START)
    assert bench.tries() == [2, 2]


def test_raspi3b_by_its_own_uboot(tmp_path):
    """The very U-Boot of the board, on its SD card, with the device tree that it asks for."""
    bench = Bench("raspi3b", tmp_path, own=True)
    bench.fill("boot_b", slot_image(bench.dir / "b.img", bench.dir / "Image", bench.dir / "initramfs.img",
                                    BUILD / "kernels/6.1/dtb/broadcom/bcm2837-rpi-3-b.dtb"))
    bench.blocks(*2 * [block("a", "b", 2)])
    size = bench.disk.stat().st_size
    os.truncate(bench.disk, 1 << (size - 1).bit_length())
    said = bench.run("slot b is on trial, 0x1 tries left", START, machine=Pi)
    assert "Failed to load" not in said and re.search(r"using the fdt blob at 0x2600000", said)
    assert bench.tries() == [1, 1]
