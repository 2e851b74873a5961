# SPDX-License-Identifier: MIT
"""The board qemu-efi: EDK2 and systemd-boot, which counts in the names of its entries. A new kernel
that is good, and the ways in which one is not."""
import struct
import subprocess

import gpt
import pytest

from artefacts import BOARD_EFI
from board import image_digest
from disk import MIB, Part, build_disk, make_zeros
from steps import left, log_lines, slow_down, wait_merging, wait_until
from stream import Timeout
from vm import Disk

pytestmark = pytest.mark.boards


def entries(b):
    """The names of the boot entries, as the disk has them."""
    start, _ = gpt.read(b.images[0])["esp"]
    out = subprocess.run(["mdir", "-b", "-i", f"{b.images[0]}@@{start}", "::loader/entries"],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    return sorted(line.rsplit("/", 1)[1] for line in out.split())


def kernel_of(b):
    return b.run("cat /proc/cmdline", check=True).split("cowboot.slot=")[1][0]


def ended_old(b, old, why):
    status = b.status()
    assert (status["phase"], status["running"]) == ("idle", "confirmed")
    assert status["last"]["result"] == "reverted" and why in status["last"]["reason"], status
    assert kernel_of(b) == "a" and b.digest() == image_digest(old)
    assert entries(b) == ["cowboot-a.conf"]


@pytest.fixture
def efi(board, images, bundle):
    """efi(boot, new, **options): a board up on OLD with that update installed."""
    def make(boot, new=None, **options):
        old = images.old()
        b = board(old, efi=True, **options)
        assert entries(b) == ["cowboot-a.conf"]
        update = bundle(system=(old, new or images.new(old)), boot=boot, board="qemu-efi")
        code, out = b.install(update, timeout=240)
        assert code == 4, out
        return b, old
    return make


def test_new_kernel_is_good(efi, program, images):
    b, old = efi(program())
    assert entries(b) == ["cowboot-a.conf", "cowboot-b+3.conf"]
    assert "the boot loader starts b, 3 times at most, then a" in b.cowboot("status")[1]
    assert b.reboot(120) == "new"
    assert kernel_of(b) == "b" and entries(b) == ["cowboot-a.conf", "cowboot-b+2-1.conf"]
    b.run("cowboot mark-good", check=True)
    assert entries(b) == ["cowboot-b.conf"]
    b.run("cowboot merge --wait", check=True)
    assert b.reboot(120) == "new"
    assert kernel_of(b) == "b" and entries(b) == ["cowboot-b.conf"]
    status = b.status()
    assert (status["phase"], status["last"]["result"]) == ("idle", "merged")
    assert b.digest() == image_digest(images.new(old))


def test_new_kernel_panics_at_once(efi, program, tmp_path):
    rubbish = tmp_path / "initramfs"
    rubbish.write_bytes(b"this is no initramfs" * 100)
    b, old = efi(program(initrd=rubbish), conf="tries 2\n")
    b.channel.say("reboot")
    for _ in range(2):
        b.wait_for(b"Kernel panic - not syncing: VFS: Unable to mount root fs", 120)
    assert b.wait_up(120) == "old"
    ended_old(b, old, "the boot loader started the old kernel: it has tried the new one as often")


def entry_point(data):
    """Where in the file of an EFI program its first instruction lies: an address in memory, by the
    section that holds it (PE/COFF specification, 3.4 and 4)."""
    pe = struct.unpack_from("<I", data, 0x3c)[0]
    sections, header = struct.unpack_from("<H12xH", data, pe + 6)
    entry = struct.unpack_from("<I", data, pe + 24 + 16)[0]
    for n in range(sections):
        size, address, _, at = struct.unpack_from("<IIII", data, pe + 24 + header + 40 * n + 8)
        if address <= entry < address + size:
            return at + entry - address
    raise ValueError("no section holds the entry point")


def test_new_kernel_hangs_before_init(efi, program, tmp_path):
    """No EFI program at all would be passed over; this one is, and does nothing more."""
    boot = tmp_path / "boot"
    data = bytearray(program().read_bytes())
    at = entry_point(data)
    data[at:at + 4] = (0x14000000).to_bytes(4, "little")
    boot.write_bytes(data)
    b, old = efi(boot, conf="tries 1\n")
    b.channel.say("reboot")
    b.wait_for(b"Restarting system", 60)
    counted = ["cowboot-a.conf", "cowboot-b+0-1.conf"]
    wait_until(lambda: entries(b) == counted, "the boot loader counts", 120)
    with pytest.raises(Timeout):
        b.wait_for(b"EFI stub|cowboot|tiny: up", 20)
    b.reset()
    assert b.wait_up(120) == "old"
    ended_old(b, old, "the boot loader started the old kernel: it has tried the new one as often")


def test_init_under_the_new_kernel_goes_back_to_the_old_one(efi, program, images):
    b, old = efi(program(), new=images.unmountable(images.old()))
    b.channel.say("reboot")
    b.wait_reset(60)
    b.wait_reset(120)
    assert b.wait_up(120) == "old"
    ended_old(b, old, "the new system cannot be mounted")


def test_half_an_entry_is_none(board):
    """What a cut leaves while an entry is made or removed names a program that is not there:
    systemd-boot passes it over, whatever its version, and the next boot removes it."""
    b = board(efi=True, boot=False)
    start, _ = gpt.read(b.images[0])["esp"]
    half = b.dir / "half.conf"
    half.write_text("title cowboot b\nsort-key cowboot\nversion 99\nefi /cowboot/#.efi\n"
                    "options cowboot.slot=b\n")
    for name in ("cowboot-b.conf", "cowboot-b+3.conf"):
        subprocess.run(["mcopy", "-i", f"{b.images[0]}@@{start}", half,
                        f"::loader/entries/{name}"], check=True)
    b.start()
    assert b.wait_up(120) == "old" and kernel_of(b) == "a"
    assert entries(b) == ["cowboot-a.conf"]


def foreign_esp(path):
    """A disk whose ESP has the label of the board's, and boot entries that would count; the firmware finds
    nothing on it that it could start."""
    esp, entry, program = (path.with_name(name) for name in ("foreign.vfat", "foreign.conf", "foreign.efi"))
    entry.write_text((BOARD_EFI / "entry.conf").read_text().replace("slot=a", "slot=b")
                     .replace("cowboot a", "cowboot b").replace("/a.efi", "/b.efi")
                     .replace("version 1\n", "version 9\n"))
    program.write_bytes(b"no program" * 100)
    make_zeros(esp, 48 * MIB)
    subprocess.run(["/sbin/mkfs.vfat", "-F", "32", esp], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["mmd", "-i", esp, "::loader", "::loader/entries", "::cowboot"], check=True)
    subprocess.run(["mcopy", "-i", esp, entry, "::loader/entries/cowboot-b.conf"], check=True)
    subprocess.run(["mcopy", "-i", esp, program, "::cowboot/b.efi"], check=True)
    return build_disk(path, [Part("esp", 48 * MIB, esp)])


def test_the_esp_of_another_disk(board, images, bundle, tmp_path):
    """Two disks have an ESP of the label that is configured: that of the record's disk is read and written,
    whichever of the two the kernel finds first. (The update's kernel is none, and nothing starts it.)"""
    old, new = images.pair()
    kernel = tmp_path / "kernel"
    kernel.write_bytes(b"nobody starts it" * 1024)
    b = board(old, efi=True, boot=False)
    other = foreign_esp(b.dir / "other.img")
    before = other.read_bytes()
    for own, foreign in (("vdb", "vda"), ("vda", "vdb")):
        b.disks.insert(0 if own == "vdb" else 1, Disk(other))
        b.start()
        assert b.wait_up(120) == "old" and kernel_of(b) == "a"
        assert log_lines(b, f"PARTLABEL=esp is /dev/{own}1: it is on {own} with the record; passed over is "
                            f"/dev/{foreign}1")
        status = b.status()["slots"]
        assert (status["running"], status["good"], status["trial"]) == ("a", "a", None)
        code, out = b.install(bundle(system=(old, new), boot=kernel, board="qemu-efi"), timeout=240)
        assert code == 4, out
        assert entries(b) == ["cowboot-a.conf", "cowboot-b+3.conf"]
        assert b.cowboot("cancel")[0] == 0
        assert entries(b) == ["cowboot-a.conf"]
        b.poweroff()
        b.disks = [d for d in b.disks if d.path != other]
        assert other.read_bytes() == before


def test_loader_falls_back_while_merging(efi, program, images):
    b, old = efi(program(), new=images.new(images.old(), change=300, spread="scattered"))
    assert b.reboot(120) == "new"
    slow_down(b)
    b.run("cowboot mark-good", check=True)
    wait_merging(b, left(b))
    b.cut()
    start, _ = gpt.read(b.images[0])["esp"]
    where = ["-i", f"{b.images[0]}@@{start}"]
    conf = subprocess.run(["mtype", *where, "::loader/entries/cowboot-b.conf"], check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    made = b.dir / "a.conf"
    made.write_text(conf.replace("slot=b", "slot=a").replace("/b.efi", "/a.efi"))
    subprocess.run(["mren", *where, "::loader/entries/cowboot-b.conf", "cowboot-b+0-3.conf"],
                   check=True)
    subprocess.run(["mcopy", *where, made, "::loader/entries/cowboot-a.conf"], check=True)
    b.start()
    assert b.wait_up(120) == "new"
    assert kernel_of(b) == "a" and b.status()["phase"] == "merging"
    assert entries(b) == ["cowboot-b.conf"]
    b.run("cowboot merge --wait", check=True)
    assert b.reboot(120) == "new" and kernel_of(b) == "b"
