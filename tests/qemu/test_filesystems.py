# SPDX-License-Identifier: MIT
"""File systems of the root, chunk sizes, and an image that does not end with a chunk: a whole life
each, every byte compared. The chunk is 4 KiB where nothing else is said."""
import hashlib

import pytest
from life import whole_life

ROOT = "volume system PARTLABEL=system / {} ro\n"


@pytest.mark.parametrize("fs", ["ext4", "squashfs", "erofs"])
def test_root(board, images, bundle, fs):
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


def longer(images, image, version):
    """The image and 4 KiB more, which no file system uses."""
    def make(out):
        tail = hashlib.shake_128(version.encode()).digest(4096)
        out.write_bytes(image.read_bytes() + tail)
    return images.cache.get(f"longer{image.suffix}", make, image, version)


def test_last_chunk_is_not_whole(board, images, bundle):
    old, new = images.pair()
    old, new = longer(images, old, "old"), longer(images, new, "new")
    b = board(old)
    whole_life(b, old, new, bundle(system=(old, new), chunk_sectors=128), 65536)
