# SPDX-License-Identifier: MIT
"""File systems of the root, chunk sizes, and an image that does not end with a chunk: a whole life
each, every byte compared. The chunk is 4 KiB where nothing else is said."""
import re

import pytest
from artefacts import KERNEL
from life import longer, whole_life

ROOT = "volume system PARTLABEL=system / {} ro\n"


# Of which kind the root is, and what its kernel needs besides.
ROOTS = {"ext4": (), "ext4-defaults": (), "ext4-32bit": (), "ext4-without-sums": (),
         "ext4-counters": (),
         "btrfs": ("btrfs",), "f2fs": ("f2fs",), "squashfs-zstd": (), "erofs-lz4hc": ()}
SIZE_MIB = {"btrfs": 48, "f2fs": 72}


@pytest.mark.parametrize("root", ROOTS)
def test_root(board, images, bundle, root):
    """As the file system's own tool makes OLD and NEW, on a partition that is longer than both."""
    if root == "f2fs" and KERNEL.endswith("-16k"):
        pytest.skip("f2fs must have blocks as large as this kernel's pages, and this mkfs.f2fs makes 4 KiB only")
    size = SIZE_MIB.get(root, 24)
    old, new = (images.built(root, version, size) for version in ("old", "new"))
    fs = root.partition("-")[0]
    flashed = images.flashed(old)
    b = board(flashed, conf=ROOT.format(fs), modules=ROOTS[root])
    assert f"/dev/mapper/system / {fs} ro" in b.run("cat /proc/mounts", check=True)
    whole_life(b, old, new, bundle(system=(old, new)), flashed=flashed)


def mounted(board, images, image):
    """The image after its first writable mount: what a kernel leaves of it and of its journal."""
    def make(out):
        b = board(data=image)
        b.run("mkdir /data/dir && cp /data/bin/toybox /data/dir && sync && rm -r /data/dir && "
              "umount /data", check=True)
        out.write_bytes(b.read_partition("data"))
        b.kill()
    return images.cache.get("mounted.ext4", make, KERNEL, image)


def test_root_that_was_mounted_writable(board, images, bundle):
    unused = images.built("ext4-defaults", "old")
    old = mounted(board, images, unused)
    assert old.read_bytes() != unused.read_bytes()
    new = images.new(old)
    b = board(images.flashed(old))
    whole_life(b, old, new, bundle(system=(old, new)), flashed=images.flashed(old))


@pytest.mark.parametrize("fs", ["squashfs", "erofs"])
def test_root_of_one_size(board, images, bundle, fs):
    old, new = images.pair(fs)
    b = board(old, conf=ROOT.format(fs))
    assert f"/dev/mapper/system / {fs} ro" in b.run("cat /proc/mounts", check=True)
    whole_life(b, old, new, bundle(system=(old, new)))


@pytest.mark.parametrize("kib", [16, 64])
@pytest.mark.parametrize("store", ["file", "cow"])
def test_chunk(board, images, bundle, kib, store):
    old, new = images.pair()
    b = board(old, store=store)
    whole_life(b, old, new, bundle(system=(old, new), chunk_sectors=2 * kib), kib * 1024)


@pytest.mark.parametrize("fs", ["squashfs", "erofs"])
def test_chunk_of_64_kib_on(board, images, bundle, fs):
    old, new = images.pair(fs)
    b = board(old, conf=ROOT.format(fs))
    whole_life(b, old, new, bundle(system=(old, new), chunk_sectors=128), 65536)


def test_last_chunk_is_not_whole(board, images, bundle):
    old, new = images.pair()
    old, new = longer(images, old, "old"), longer(images, new, "new")
    b = board(old)
    whole_life(b, old, new, bundle(system=(old, new), chunk_sectors=128), 65536)


def test_new_is_shorter(board, images, bundle):
    """And ends amid a chunk, as OLD does, on a partition that is longer than both; a raw store."""
    old, new = (images.built("squashfs-zstd", version) for version in ("old", "new"))
    old = longer(images, old, "old", 300001)
    assert old.stat().st_size > new.stat().st_size and new.stat().st_size % 512
    flashed = images.flashed(old)
    b = board(flashed, conf=ROOT.format("squashfs"), store="cow")
    whole_life(b, old, new, bundle(system=(old, new), chunk_sectors=128), 65536, flashed)


def test_new_is_longer_than_the_partition(board, images, bundle):
    old, new = (images.built("squashfs-zstd", version) for version in ("old", "new"))
    b = board(images.flashed(old, 4096), conf=ROOT.format("squashfs"))
    code, out = b.install(bundle(system=(old, new)))
    assert (code, b.status()["phase"]) == (1, "idle")
    assert re.search(rf"its image of system has {new.stat().st_size} bytes, /dev/vda\d only \d+", out)
