# SPDX-License-Identifier: MIT
"""A whole update as many scenarios want it: on this disk, that file system, such a store."""
from board import image_digest
from steps import (ended, exact_store_bytes, free_blocks, log_lines, mapped, store_files)
from tiny.image import changed_chunks

TROUBLE = "(?i)oops|bug:|kernel panic|call trace|I/O error|ext4-fs error"


def padded(image, chunk_bytes):
    """An image as the store counts it: the last chunk is whole."""
    data = image.read_bytes()
    return data.ljust(-(-len(data) // chunk_bytes) * chunk_bytes, b"\0")


def install(b, old, new, update, chunk_bytes=4096):
    """Installs; the store is exact."""
    changed = changed_chunks(padded(old, chunk_bytes), padded(new, chunk_bytes), chunk_bytes)
    code, out = b.install(update)
    assert code == 4, out
    volume = b.status()["volumes"][0]
    assert (volume["chunk_bytes"], volume["exceptions"]) == (chunk_bytes, changed)
    assert volume["store_bytes"] == exact_store_bytes(changed, chunk_bytes)


def check_trial(b, old, new):
    assert (b.status()["phase"], b.status()["running"]) == ("trial", "trial")
    assert mapped(b) == {"system": "snapshot"}
    assert b.digest() == image_digest(new)
    assert b.partition_digest("system") == image_digest(old)
    assert log_lines(b, TROUBLE) == []


def merge(b, new):
    b.run("cowboot mark-good && cowboot merge --wait", check=True)
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == b.partition_digest("system") == image_digest(new)
    assert log_lines(b, TROUBLE) == []


def whole_life(b, old, new, update, chunk_bytes=4096):
    """From a board that is up on OLD to one that is up on NEW, with nothing left over."""
    b.run("mkdir -p /data/cowboot", check=True)
    before = free_blocks(b)
    install(b, old, new, update, chunk_bytes)
    assert b.digest() == image_digest(old)
    assert b.reboot() == "new"
    check_trial(b, old, new)
    merge(b, new)
    assert free_blocks(b) == before and store_files(b) == []
    assert b.reboot() == "new"
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == image_digest(new)
