# SPDX-License-Identifier: MIT
"""Images that no board could mount, or that nobody can have meant, are refused where they are made
into a bundle."""

import shutil
import struct
import subprocess

import pytest

from cowboot import bad, run, DONE

MIB = 1 << 20
CREATE = ["bundle", "create", "-o", "b", "--version", "2"]
NOT_UNMOUNTED = ("cannot use new: it was not unmounted, and its journal cannot be played back on a "
                 "board, which never writes to it; unmount it")


def tool(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def made(directory, *options):
    """Whether a bundle is made; it may tell its progress on a slow machine."""
    return run(*CREATE, *options, "s=old:new", cwd=directory).returncode == DONE


@pytest.fixture
def ext4(images):
    """old and new, of ext4 as mke2fs makes it."""
    old, new = images.directory / "old", images.directory / "new"
    images.file("old", bytes(8 * MIB))
    tool("/sbin/mke2fs", "-q", "-F", "-t", "ext4", str(old))
    shutil.copy(old, new)
    tool("/sbin/debugfs", "-w", "-R", "mkdir /more", str(new))
    return images.directory


def test_ext4(ext4):
    assert made(ext4)


def test_ext4_that_was_not_unmounted(ext4):
    tool("/sbin/debugfs", "-w", "-R", "feature needs_recovery", str(ext4 / "new"))
    bad(*CREATE, "s=old:new", cwd=ext4, says=f"{NOT_UNMOUNTED}, or run e2fsck -fp on it")
    assert not (ext4 / "b").exists()


def test_btrfs_that_was_not_unmounted(images):
    data = bytearray(MIB)
    data[65536 + 64:65536 + 72] = b"_BHRfS_M"
    images.file("old", bytes(data))
    data[65536 + 96] = 1
    images.file("new", bytes(data))
    bad(*CREATE, "s=old:new", cwd=images.directory, says=NOT_UNMOUNTED)


@pytest.mark.parametrize("deed, says", [
    ("ssv state 3", "its file system says that it has errors; run e2fsck -f on it"),
    ("ssv last_orphan 12", "it has files that were deleted while they were open; run e2fsck -fp on "
     "it")])
def test_ext4_that_e2fsck_wants(ext4, deed, says):
    tool("/sbin/debugfs", "-w", "-R", deed, str(ext4 / "new"))
    bad(*CREATE, "s=old:new", cwd=ext4, says=f"cannot use new: {says}")


@pytest.fixture
def f2fs(images):
    """old and new, as mkfs.f2fs makes it: its first checkpoint is that of an unmount."""
    images.file("old", bytes(64 * MIB))
    tool("/sbin/mkfs.f2fs", "-q", "-f", str(images.directory / "old"))
    data = bytearray((images.directory / "old").read_bytes())
    data[-1] ^= 1
    return images, data, 4096 * int.from_bytes(data[1024 + 76:1024 + 80], "little")


def test_f2fs(f2fs):
    images, data, first = f2fs
    images.file("new", bytes(data))
    assert made(images.directory)
    # Both packs are there, and the newer one decides. Bit 0 of byte 132: written by an unmount.
    second, blocks = first + 512 * 4096, int.from_bytes(data[first + 136:first + 140], "little")
    version = int.from_bytes(data[first:first + 8], "little") + 1
    data[second:second + 4096 * blocks] = data[first:first + 4096 * blocks]
    for at in second, second + 4096 * (blocks - 1):
        data[at:at + 8] = version.to_bytes(8, "little")
    data[second + 132] &= 0xfe
    images.file("new", bytes(data))
    bad(*CREATE, "s=old:new", cwd=images.directory, says=NOT_UNMOUNTED)
    # But not one that was torn.
    data[second + 4096 * (blocks - 1)] ^= 1
    images.file("new", bytes(data))
    assert made(images.directory)


# ---- What a boot loader would take -------------------------------------------------------------

LOADER = ("cannot use new: it has {}, and a boot loader that takes it reads the partition itself and "
          "sees no update; remove it, or say --loader-files if the board's loader does not look there")
MAKE = {"ext4": ["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-d", "tree", "new", "8M"],
        "squashfs": ["mksquashfs", "tree", "new", "-quiet", "-no-progress"],
        "erofs": ["mkfs.erofs", "--quiet", "new", "tree"]}


@pytest.mark.parametrize("kind", MAKE)
@pytest.mark.parametrize("path, is_taken", [
    ("boot/vmlinuz-6.1", False), ("boot/extlinux/extlinux.conf", True), ("boot.scr", True),
    ("boot/grub/grub.cfg", True), ("boot/grub2/grub.cfg", True), ("grub/grub.cfg", True),
    ("grub2/grub.cfg", True), ("usr/boot.scr", False)])
def test_loader_files(images, kind, path, is_taken):
    where = images.directory
    images.file("old", bytes(8 * MIB))
    (where / "tree" / path).parent.mkdir(parents=True)
    (where / "tree" / path).write_text("one\n")
    subprocess.run(MAKE[kind], cwd=where, check=True, stdout=subprocess.DEVNULL)
    if not is_taken:
        assert made(where)
        return
    bad(*CREATE, "s=old:new", cwd=where, says=LOADER.format("/" + path))
    assert made(where, "--loader-files")


def test_other_kinds(ext4):
    (ext4 / "new").write_bytes(b"hsqs".ljust(8 * MIB, b"\0"))
    bad(*CREATE, "s=old:new", cwd=ext4,
        says="cannot compare images: old is ext4 and new is squashfs, and a board mounts what its "
        "configuration says; if that changes with the kernel, say --other-kind")
    assert made(ext4, "--other-kind")


def xfs_record(log, sector, when, parts, flags, size=32768):
    """A record of xfs's log: its header, and the first of its parts behind it."""
    at, headers = sector * 512, -(-size // 32768)
    struct.pack_into(">IIIIQ", log, at, 0xFEEDBABE, when >> 32, 2, 512, when)
    struct.pack_into(">I", log, at + 40, parts)
    struct.pack_into(">I", log, at + 320, size)
    log[at + headers * 512 + 9] = flags


# Where records lie, which came when, and what they are: (sector, when, parts, flags, size).
UNMOUNT, COMMIT = 0x20, 0x02
XFS_CLEAN = {
    "as mkfs.xfs makes it": [(0, 1 << 32, 1, UNMOUNT)],
    "used": [(0, 1 << 32, 1, UNMOUNT), (2, 1 << 32 | 2, 5, COMMIT), (9, 1 << 32 | 9, 1, UNMOUNT)],
    "around its end": [(4, 2 << 32 | 4, 1, UNMOUNT), (9, 1 << 32 | 9, 5, COMMIT)],
    "with large records": [(0, 1 << 32, 1, UNMOUNT, 262144)],
}
XFS_IN_USE = {
    "used": [(0, 1 << 32, 1, UNMOUNT), (2, 1 << 32 | 2, 5, COMMIT)],
    "one part": [(0, 1 << 32, 1, UNMOUNT), (2, 1 << 32 | 2, 1, COMMIT)],
    "around its end": [(4, 2 << 32 | 4, 5, COMMIT), (9, 1 << 32 | 9, 1, UNMOUNT)],
}


def xfs(images, records):
    """old and new with a log of 64 blocks in its second group."""
    data, log = bytearray(4 * MIB), bytearray(64 * 4096)
    for record in records:
        xfs_record(log, *record)
    data[:4] = b"XFSB"
    struct.pack_into(">Q", data, 48, 1 << 9 | 3)
    struct.pack_into(">I", data, 84, 500)
    struct.pack_into(">I", data, 96, 64)
    data[120], data[124] = 12, 9
    images.file("old", bytes(data))
    data[503 * 4096:503 * 4096 + len(log)] = log
    images.file("new", bytes(data))
    return images.directory


@pytest.mark.parametrize("log", XFS_CLEAN)
def test_xfs(images, log):
    assert made(xfs(images, XFS_CLEAN[log]))


@pytest.mark.parametrize("log", XFS_IN_USE)
def test_xfs_that_was_not_unmounted(images, log):
    bad(*CREATE, "s=old:new", cwd=xfs(images, XFS_IN_USE[log]), says=NOT_UNMOUNTED)


@pytest.mark.root
@pytest.mark.parametrize("which", ["old", "new"])
def test_mounted(ext4, which):
    place = ext4 / "place"
    place.mkdir()
    if subprocess.run(["mount", "-o", "loop", str(ext4 / which), str(place)], check=False,
                      stderr=subprocess.DEVNULL).returncode:
        pytest.skip("nothing can be mounted here (not root, or no loop device)")
    try:
        bad(*CREATE, "s=old:new", cwd=ext4, says=f"cannot use {which}: it is mounted and may change "
            "while it is read; unmount it, or remount it read-only")
    finally:
        tool("umount", str(place))
    assert made(ext4)
