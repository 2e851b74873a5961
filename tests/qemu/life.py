# SPDX-License-Identifier: MIT
"""A whole update as many scenarios want it: on this disk, that file system, such a store."""
import hashlib

from board import image_digest
from steps import (ended, free_blocks, log_lines, mapped, room_bytes, store_files)

TROUBLE = "(?i)oops|bug:|kernel panic|call trace|I/O error|ext4-fs error"


def longer(images, image, version, by_bytes=4096):
    """The image and some bytes more, which no file system uses."""
    def make(out):
        tail = hashlib.shake_128(version.encode()).digest(by_bytes)
        out.write_bytes(image.read_bytes() + tail)
    return images.cache.get(f"longer{image.suffix}", make, image, version, by_bytes)


def exceptions(old, new, chunk_bytes):
    """How many chunks an update of these images has: those in which NEW is not what OLD has there."""
    a, b = old.read_bytes(), new.read_bytes()
    starts = range(0, len(b), chunk_bytes)
    return sum(not a[at:at + chunk_bytes].startswith(b[at:at + chunk_bytes]) for at in starts)


def install(b, old, new, update, chunk_bytes=4096):
    """Installs; the store is exact."""
    changed = exceptions(old, new, chunk_bytes)
    code, out = b.install(update)
    assert code == 4, out
    volume = b.status()["volumes"][0]
    assert (volume["chunk_bytes"], volume["exceptions"]) == (chunk_bytes, changed)
    assert volume["store_bytes"] == room_bytes(changed, chunk_bytes)


def check_trial(b, old_digest, new_digest):
    assert (b.status()["phase"], b.status()["running"]) == ("trial", "trial")
    assert mapped(b) == {"system": "snapshot"}
    assert b.digest() == new_digest
    assert b.partition_digest("system") == old_digest
    assert log_lines(b, TROUBLE) == []


def merge(b, new_digest):
    b.run("cowboot mark-good && cowboot merge --wait", check=True)
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == b.partition_digest("system") == new_digest
    assert log_lines(b, TROUBLE) == []


def digest_with(flashed, new):
    """Of the partition, once NEW lies on it: what lay behind the image is as it was."""
    was, data = flashed.read_bytes(), new.read_bytes()
    return hashlib.sha256(data + was[len(data):]).hexdigest()


def whole_life(b, old, new, update, chunk_bytes=4096, flashed=None):
    """From a board that is up on OLD to one that is up on NEW, with nothing left over. flashed is all
    of the partition at first, where that is longer than OLD."""
    flashed = flashed or old
    old_digest, new_digest = image_digest(flashed), digest_with(flashed, new)
    b.run("mkdir -p /data/cowboot", check=True)
    before = free_blocks(b)
    install(b, old, new, update, chunk_bytes)
    assert b.digest() == old_digest
    assert b.reboot() == "new"
    check_trial(b, old_digest, new_digest)
    merge(b, new_digest)
    assert free_blocks(b) == before and store_files(b) == []
    assert b.reboot() == "new"
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == new_digest
