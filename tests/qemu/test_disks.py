# SPDX-License-Identifier: MIT
"""Kinds of disks: a whole life on each bus, with other sectors, without a cache, over two disks;
with an io_min that a store must be placed by; two disks that answer to one name; a damaged partition
table; and a disk that takes no writes."""
import re
import shutil
import struct
import subprocess

import pytest
from artefacts import KERNEL
from board import image_digest
from disk import Part, build_disk
from life import check_trial, install, merge, whole_life
from ondisk import COPY_AT, SECTOR_BYTES, Extent, Store, copy_of, put_copy, sealed
from points import recovery_after_start, recovery_log, recovery_mapped
from steps import ended, log_lines, wait_until
from vm import Disk

KINDS = {
    "virtio-pci": {},
    "virtio-mmio": {"bus": "virtio-mmio"},
    "virtio-without-cache": {"props": {"write-cache": "off"}},
    "virtio-4096": {"sector_bytes": 4096},
    "nvme": {"bus": "nvme"},
    "nvme-4096": {"bus": "nvme", "sector_bytes": 4096},
    "sd": {"bus": "sd"},
    "two-disks-file": {"two_disks": True},
    "two-disks-cow": {"two_disks": True, "store": "cow"},
}
NODES = {"nvme": "/dev/nvme0n1p", "sd": "/dev/mmcblk0p"}


@pytest.mark.parametrize("kind", KINDS)
def test_whole_life(board, images, bundle, kind):
    options = KINDS[kind]
    old, new = images.pair()
    b = board(old, **options)
    partition = b.status()["volumes"][0]["partition"]
    assert partition == NODES.get(options.get("bus"), "/dev/vda") + "4"
    queue = f"/sys/class/block/{partition.split('/')[2]}/../queue"
    size = b.run(f"cat {queue}/logical_block_size", check=True)
    assert int(size) == options.get("sector_bytes", 512)
    if kind == "virtio-without-cache":
        assert b.run(f"cat {queue}/write_cache", check=True) == "write through\n"
    whole_life(b, old, new, bundle(system=(old, new)))


@pytest.mark.parametrize("kind", ["virtio-4096", "nvme-4096"])
def test_chunk_below_the_sector(board, images, bundle, kind):
    old, new = images.pair()
    b = board(old, **KINDS[kind])
    code, out = b.install(bundle(system=(old, new), chunk_sectors=4))
    disk = NODES.get(KINDS[kind].get("bus"), "/dev/vda") + "4"
    assert (code, out) == (1, "cowboot: cannot install /run/bundle: its chunks for system are 2048 "
                              f"bytes, the disk of {disk} has blocks of 4096; make it with "
                              "--chunk-sectors 8\n")
    assert b.read_partition("meta").strip(b"\0") == b""


# ---- io_min --------------------------------------------------------------------------------------

IO_MIN = 65536
BIG_IO = {"min_io_size": IO_MIN}
WARNING = "alignment inconsistency"


def is_aligned(b, store):
    """Whether each piece begins at a multiple of io_min, counted from the disk's start."""
    start = b.sector(store.label) * SECTOR_BYTES
    return all((start + e.at) % IO_MIN == 0 for e in store.extents)


@pytest.mark.parametrize("store", ["file", "cow"])
def test_no_alignment_warning(board, images, bundle, store):
    """On a data whose free space begins anywhere, and is in pieces."""
    old, new = images.pair(change=300, spread="scattered")
    b = board(old, store=store, props=BIG_IO, data=images.data(piece_blocks=41))
    assert b.run("cat /sys/block/vda/queue/minimum_io_size", check=True) == f"{IO_MIN}\n"
    install(b, old, new, bundle(system=(old, new)))
    b.run("sync", check=True)
    pieces = Store(b)
    assert is_aligned(b, pieces)
    assert len(pieces.extents) > 5 if store == "file" else len(pieces.extents) == 1
    assert log_lines(b, WARNING) == []
    assert b.reboot() == "new"
    check_trial(b, image_digest(old), image_digest(new))
    assert log_lines(b, WARNING) == []
    merge(b, image_digest(new))
    assert log_lines(b, WARNING) == []


def lay(b, extents):
    """Lays the one piece of a store down in these, and the record knows."""
    store = Store(b)
    data, done = store.read(), 0
    for extent in extents:
        b.corrupt(store.label, extent.at, data[done:done + extent.size])
        done += extent.size
    assert done == len(data)
    count = struct.pack("<I", len(extents))
    lines = b"".join(struct.pack("<QQ", e.at // SECTOR_BYTES, e.size // SECTOR_BYTES)
                     for e in extents)
    for name in COPY_AT:
        put_copy(b, name, sealed(copy_of(b, name), {368: count, 1024 + 72: count, 3072: lines}))


def shifted(size):
    return [Extent(4096, size)]


def split(size):
    return [Extent(0, 2 * IO_MIN), Extent(2 * IO_MIN + 4096, size - 2 * IO_MIN)]


@pytest.mark.parametrize("how", [shifted, split])
def test_alignment_warning_of_a_store_placed_anyhow(at, how):
    """The control: 4 KiB further on, the kernel does warn."""
    if how is shifted and KERNEL not in ("5.10", "6.1"):
        pytest.skip("there the store itself, shifted, reads alignment_offset 0: nothing differs")
    p = at("trial", store="cow", props=BIG_IO)
    b = p.b
    assert is_aligned(b, Store(b))
    lay(b, how(len(Store(b).read())))
    assert not is_aligned(b, Store(b))
    b.start()
    assert b.wait_up() == "new"
    assert log_lines(b, WARNING)
    check_trial(b, image_digest(p.old), image_digest(p.new))


# ---- one name, two disks -------------------------------------------------------------------------

def both_answer(log, label, first, second):
    """Whether the log says that these two are called so."""
    names = "|".join((f"{first} and {second}", f"{second} and {first}"))
    return re.search(f"cannot tell which partition PARTLABEL={label} is: ({names}) both answer",
                     log)


def test_a_disk_and_its_clone(board):
    b = board(boot=False)
    clone = b.dir / "clone.img"
    shutil.copyfile(b.images[0], clone)
    b.disks.append(Disk(clone))
    before = b.digests(), clone.read_bytes()
    reason = recovery_after_start(b)
    log = recovery_log(b)
    assert re.fullmatch("two partitions are called meta: /dev/vd[ab]3 and /dev/vd[ab]3 both answer "
                        "to it", reason)
    for number, label in ((3, "meta"), (4, "system"), (5, "data")):
        assert both_answer(log, label, f"/dev/vda{number}", f"/dev/vdb{number}")
    assert recovery_mapped(b) == set()
    b.cut()
    assert (b.digests(), clone.read_bytes()) == before


def test_a_second_partition_named_like_the_volume(at):
    """The volume of the disk with the record is the board's: the other one is left alone."""
    p = at("merging", store="cow")
    b = p.b
    other = build_disk(b.dir / "other.img", [Part("system", p.old.stat().st_size, p.old)])
    b.disks.append(Disk(other))
    before = other.read_bytes()
    b.start()
    assert b.wait_up() == "new"
    b.run("cowboot merge --wait", check=True)
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == b.partition_digest("system") == image_digest(p.new)
    # In idle it is found by its name, and that there are two is told.
    assert b.reboot() == "new"
    assert log_lines(b, "PARTLABEL=system is /dev/vda4: it is on vda with the record; "
                        "passed over is /dev/vdb1")
    b.cut()
    assert other.read_bytes() == before


def test_a_partition_on_another_disk(board):
    """Not all of it is where the record is: no mixture of two disks, whatever is on the other one."""
    b = board(boot=False, conf="device-timeout 3\nvolume vendor PARTLABEL=vendor /vendor ext4 ro\n")
    b.disks.append(Disk(build_disk(b.dir / "other.img", [Part("vendor", 4 << 20)])))
    assert recovery_after_start(b) == ("not all is on one disk: vendor is /dev/vdb1, and the record "
                                       "is on another disk, vda")
    assert recovery_mapped(b) <= {"data"}


# ---- disks that come later -----------------------------------------------------------------------

PORTS = ("-device", "pcie-root-port,id=late,chassis=9")


def plug_in(b, image):
    """A disk comes while the board runs."""
    b.qmp("blockdev-add", **{"driver": "raw", "node-name": "late",
                             "file": {"driver": "file", "filename": str(image)}})
    b.qmp("device_add", driver="virtio-blk-pci", bus="late", drive="late", id="latedisk")


# The kernel has seen its partitions, so the disk that comes next is vdb.
FIRST_IS_THERE = r"\] +vda: vda1"


def taken_away(b):
    """The board's disk, which comes later, and what is there before it."""
    whole = b.images[0]
    b.disks.clear()
    return whole


def test_the_disk_with_the_record_comes_late(board, images):
    """Another one of its labels is there before it."""
    other = images.old(version="other")
    b = board(boot=False, extra=PORTS, append="loglevel=7", conf="device-timeout 60\n")
    whole = taken_away(b)
    b.disks.append(Disk(build_disk(b.dir / "first.img", [Part("system", 16 << 20, other)])))
    b.start()
    b.wait_for(FIRST_IS_THERE)
    plug_in(b, whole)
    assert b.wait_up() == "old"
    assert [v["partition"] for v in b.status()["volumes"]] == ["/dev/vdb4"]


def test_a_second_record_comes_late(board, images):
    """The first disk has a record, but not all; whose system it is cannot be told any more."""
    b = board(boot=False, extra=PORTS, append="loglevel=7", conf="device-timeout 8\n")
    whole = taken_away(b)
    first = [Part("meta", 1 << 20), Part("system", 16 << 20, images.old(version="other"))]
    b.disks.append(Disk(build_disk(b.dir / "first.img", first)))
    b.start()
    b.wait_for(FIRST_IS_THERE)
    plug_in(b, whole)
    reason = b.wait_for(r"No system was started: (.*)\.\r?\n", 60).group(1).decode()
    both = re.fullmatch("two partitions are called meta: /dev/vd(..) and /dev/vd(..) both answer to it", reason)
    assert set(both.groups()) == {"a1", "b3"}


def test_a_copy_is_plugged_in(at):
    """In a running system its own disk counts."""
    p = at("trial", extra=PORTS)
    b = p.b
    copy = b.dir / "copy.img"
    shutil.copyfile(b.images[0], copy)
    before = copy.read_bytes()
    b.start()
    assert b.wait_up() == "new"
    plug_in(b, copy)
    wait_until(lambda: b.run("ls /dev/vdb5")[0] == 0, "the copy is there")
    b.run("cowboot mark-good && cowboot merge --wait", check=True)
    assert ended(b)[::2] == ("merged", "new")
    b.cut()
    assert copy.read_bytes() == before


# ---- partition tables ----------------------------------------------------------------------------

FIRST_HEADER, FIRST_ENTRIES, TABLE_BYTES = 512, 1024, 34 * 512
DAMAGED = "the first copy of the partition table of /dev/vda is damaged"


def put(image, at, data):
    with open(image, "r+b") as f:
        f.seek(at)
        f.write(data)


def test_partition_table_damaged(board):
    b = board()
    image, whole = b.images[0], b.images[0].read_bytes()
    assert not log_lines(b, "partition table")
    b.cut()
    # Its second copy: nobody needs to know.
    put(image, len(whole) - 512, bytes(512))
    b.start()
    assert b.wait_up() == "old"
    assert not log_lines(b, "partition table")
    b.cut()
    put(image, len(whole) - 512, whole[-512:])
    # One byte of an entry, and the kernel is told to use the other copy; then the header, and it is not.
    for at, data, append in ((FIRST_ENTRIES + 16, b"\xaa", " gpt"), (FIRST_HEADER, bytes(512), "")):
        put(image, at, data)
        b.append += append
        spoiled = image.read_bytes()[:TABLE_BYTES]
        b.start()
        assert b.wait_up() == "old"
        b.append = b.append.removesuffix(append)
        assert log_lines(b, f"{DAMAGED}.*sgdisk -e /dev/vda.*sfdisk .*--relocate gpt-bak-std")
        assert DAMAGED in b.run("cowboot status 2>&1", check=True)
        b.cut()
        assert image.read_bytes()[:TABLE_BYTES] == spoiled
    # Both.
    put(image, len(whole) - 512, bytes(512))
    assert recovery_after_start(b) == "both copies of the partition table of /dev/vda are damaged"
    b.cut()
    # What the log names does mend it.
    put(image, len(whole) - 512, whole[-512:])
    subprocess.run(["/sbin/sfdisk", "--force", "--no-reread", "--relocate", "gpt-bak-std", image],
                   check=True, stdout=subprocess.DEVNULL)
    assert image.read_bytes()[:TABLE_BYTES] == whole[:TABLE_BYTES]


def test_the_first_sector_is_lost(board):
    """It says that the disk has a GPT; where it does not, Linux looks at none."""
    b = board()
    b.cut()
    image = b.images[0]
    protective = image.read_bytes()[:512]
    put(image, 0, bytes(512))
    b.start()
    assert b.wait_up() == "old"
    why = "the first sector of /dev/vda, which says that it has a GPT, is all zeros"
    assert log_lines(b, f"{why}.*sgdisk -e /dev/vda")
    assert why in b.run("cowboot status 2>&1", check=True)
    b.cut()
    assert image.read_bytes()[:512] == bytes(512)
    put(image, 0, protective)
    b.start()
    assert b.wait_up() == "old"
    assert not log_lines(b, "first sector")


def test_the_first_sector_cannot_be_read(board):
    bad = {"event": "none", "iotype": "read", "sector": 0, "errno": 5, "once": False}
    b = board(inject=[bad])
    assert log_lines(b, "partition table of /dev/vda is damaged|the first sector of /dev/vda, .* cannot be read")
    assert b.status()["phase"] == "idle"


# ---- a disk that takes no writes -----------------------------------------------------------------

def test_write_protected(board, images, bundle):
    old, new = images.pair()
    b = board(old, files={"etc/cowboot/fsck": "#!/bin/sh\necho checks\n"})
    assert log_lines(b, "cowboot: fsck: checks")
    b.poweroff()
    b.disks[0].readonly = True
    before = b.digests()
    b.start()
    assert b.wait_up() == "old"
    assert b.status()["phase"] == "idle"
    assert log_lines(b, "cowboot: /dev/vda3 is write-protected: nothing can be saved")
    assert log_lines(b, "cowboot: data is mounted for reading only: /dev/vda5 is write-protected")
    assert not log_lines(b, "cowboot: fsck")
    assert b.run("ls /data && ! touch /data/x", check=True)
    code, out = b.install(bundle(system=(old, new)))
    assert (code, out) == (1, "cowboot: cannot install: /dev/vda3, which has the record, is "
                              "write-protected; a card may have a switch for that, and worn flash "
                              "ends so\n")
    b.cut()
    assert b.digests() == before


@pytest.mark.parametrize("store", ["file", "cow"])
def test_write_protected_while_merging(at, store):
    """The new system comes up whole, and merges on when the card takes writes again."""
    p = at("merging", store=store)
    b = p.b
    b.disks[0].readonly = True
    before = b.digests()
    b.start()
    assert b.wait_up() == "new"
    assert b.digest() == image_digest(p.new)
    assert log_lines(b, "plan: persist mend, map snapshot, then boot: the merge waits")
    b.cut()
    assert b.digests() == before
    b.disks[0].readonly = False
    b.start()
    assert b.wait_up() == "new"
    b.run("cowboot merge --wait", check=True)
    assert b.status()["phase"] == "idle"
    assert b.digest() == b.partition_digest("system") == image_digest(p.new)


def test_write_protected_while_on_trial(at):
    """No try can be counted, so the old system comes up; nothing of the update is lost."""
    p = at("trial")
    b = p.b
    b.disks[0].readonly = True
    b.start()
    assert b.wait_up() == "old"
    assert "the record cannot be saved: no trial without it" in b.cowboot("status --explain")[1]
    b.cut()
    b.disks[0].readonly = False
    b.start()
    assert b.wait_up() == "new"
