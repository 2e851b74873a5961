# SPDX-License-Identifier: MIT
"""Stores that are not what was installed. Before the confirmation the same boot goes back to OLD
and says exactly why (I5); while merging nothing but the recovery is left, never a bare origin (I3),
and nothing is written that a repaired store would miss."""
import hashlib

import pytest
from board import image_digest
from ondisk import CHUNK_BYTES, Store
from points import Point, recovery_after_start, recovery_log, recovery_mapped
from steps import (comes_back, ended, exact_store_bytes, free_blocks, log_lines, slow_down,
                   wait_merging)
from tiny.image import changed_chunks

NOISE = hashlib.shake_128(b"noise").digest(CHUNK_BYTES)
KEPT_HEAD_BYTES = 512
FILE = "/data/cowboot/system.store"
IN_INIT = "/mnt/data/cowboot/system.store"


def is_reverted(p, why, resets=0):
    """The boot that is coming up goes back to OLD for this reason, with no reset on the way."""
    comes_back(p.b, p.old, p.free, why, resets)
    assert p.b.status()["record"]["copies"] == ["good", "good"]
    assert log_lines(p.b, "(?i)oops|bug:|kernel panic|call trace|I/O error") == []


# ---- before the trial, on the disk ---------------------------------------------------------------

def spoil_header(store):
    store.write(0, bytes(CHUNK_BYTES))


def spoil_all(store):
    store.write(0, bytes(len(store.read())))


def fill_header_with_noise(store):
    store.write(0, NOISE)


def mark_invalid(store):
    store.write(4, bytes(4))


def flip_in_mark(store):
    store.write(60, bytes([store.read()[60] ^ 1]))


def point_outside_origin(store):
    store.set_entry(5, 4096, store.entry(5)[1])


def point_outside_store(store):
    store.set_entry(5, store.entry(5)[0], 9999)


def point_to_metadata(store):
    store.set_entry(5, store.entry(5)[0], 1)


def double(store):
    store.set_entry(5, store.entry(2)[0], store.entry(5)[1])


def end_list(store):
    store.set_entry(5, 0, 0)


DAMAGES = [
    (spoil_header, "its header is all zeros"),
    (spoil_all, "its header is all zeros"),
    (fill_header_with_noise, f"it is no store: magic is 0x{NOISE[3::-1].hex()}"),
    (mark_invalid, "the kernel marked it invalid (valid is 0)"),
    (flip_in_mark, "its mark is damaged"),
    (point_outside_origin, "exception 5: old chunk 4096 lies outside the origin"),
    (point_outside_store, "exception 5: new chunk 9999 lies outside the store"),
    (point_to_metadata, "exception 5: new chunk 1 is metadata"),
    (double, "exception 5: old chunk {doubled} is there twice"),
    (end_list, "it holds 5 exceptions, {changed} were installed"),
]


@pytest.mark.parametrize("spoil, why", DAMAGES, ids=[d[0].__name__ for d in DAMAGES])
def test_store_damaged_before_the_trial(at, spoil, why):
    p = at("trial")
    store = Store(p.b)
    why = why.format(doubled=store.entry(2)[0], changed=p.changed)
    spoil(store)
    p.b.start()
    is_reverted(p, f"a store is damaged: the store of system cannot be used: {why}")


def test_store_damaged_before_the_trial_on_a_partition(at):
    p = at("trial", store="cow")
    store = Store(p.b)
    assert store.label == "cow"
    spoil_header(store)
    p.b.start()
    is_reverted(p, "a store is damaged: the store of system cannot be used: its header is all "
                   "zeros")


def test_store_damaged_between_two_tries(at):
    p = at("tried")
    double(Store(p.b))
    p.b.start()
    assert p.b.wait_up() == "old"
    reason = p.b.status()["last"]["reason"]
    assert reason.startswith("a store is damaged: ") and reason.endswith("is there twice")


def test_store_of_another_update(board, images, bundle):
    """The same bytes, but for the marks, installed by an update that was dropped since."""
    old, new = images.pair()
    kept_at = exact_store_bytes(changed_chunks(old.read_bytes(), new.read_bytes()))
    b = board(old)
    assert b.install(bundle(system=(old, new)))[0] == 4
    b.run("sync", check=True)
    first = Store(b).read()
    b.run("cowboot cancel", check=True)
    assert b.install(bundle(system=(old, new)))[0] == 4
    b.poweroff()
    second = Store(b).read()
    assert first[:CHUNK_BYTES] != second[:CHUNK_BYTES]
    assert first[CHUNK_BYTES:kept_at] == second[CHUNK_BYTES:kept_at]
    assert first[kept_at + KEPT_HEAD_BYTES:] == second[kept_at + KEPT_HEAD_BYTES:]
    Store(b).write(0, first)
    b.start()
    assert b.wait_up() == "old"
    assert b.status()["last"]["reason"] == ("a store is damaged: the store of system cannot be "
                                            "used: it belongs to another update")
    assert ended(b)[::2] == ("reverted", "new")


# ---- what a user does to the file ----------------------------------------------------------------

DELETE = f"chattr -i {FILE} && rm {FILE}"
MOVE = f"cp {FILE} /data/copy && chattr -i {FILE} && mv /data/copy {FILE}"
DEEDS = [
    (DELETE, f"a store is missing: cannot open {IN_INIT}: No such file or directory"),
    (MOVE, f"a store is damaged: cannot trust {IN_INIT}: piece 0 of it has moved"),
]


@pytest.mark.parametrize("deed, why", DEEDS, ids=["deleted", "moved"])
def test_store_file_before_the_trial(board, images, bundle, deed, why):
    old, new = images.pair()
    b = board(old)
    b.run("mkdir /data/cowboot", check=True)
    free = free_blocks(b)
    assert b.install(bundle(system=(old, new)))[0] == 4
    assert b.run(f"rm -f {FILE}")[0] == 1      # immutable
    b.run(deed, check=True)
    b.begin_reboot()
    is_reverted(Point(b, old, new, 0, free), why, resets=1)


@pytest.mark.parametrize("deed, why", DEEDS, ids=["deleted", "moved"])
def test_store_file_while_merging(at, deed, why):
    p = at("tried")
    b = p.b
    b.start()
    assert b.wait_up() == "new"
    slow_down(b)
    b.run("cowboot mark-good", check=True)
    wait_merging(b, p.changed)
    b.run(f"{deed} && sync", check=True)
    b.cut()
    before = b.digests("meta", "system")
    fact, _, detail = why.partition(": ")
    assert recovery_after_start(b) == f"{fact}, and its merge has begun"
    assert detail in recovery_log(b)
    assert "system" not in recovery_mapped(b)
    b.cut()
    assert b.digests("meta", "system") == before


# ---- while merging, on the disk ------------------------------------------------------------------

MERGING = [(*DAMAGES[0], "file"), (*DAMAGES[2], "cow"), (*DAMAGES[5], "file")]


@pytest.mark.parametrize("spoil, why, store", MERGING,
                         ids=[f"{d[0].__name__}-{d[2]}" for d in MERGING])
def test_store_damaged_while_merging(at, spoil, why, store):
    p = at("merging", store=store)
    b = p.b
    on_disk = Store(b)
    was = on_disk.read()
    spoil(on_disk)
    before = b.digests("meta", "system"), on_disk.read()
    for _ in range(2):      # the second boot finds what the first found
        assert recovery_after_start(b) == "a store is damaged, and its merge has begun"
        assert f"the store of system cannot be used: {why}" in recovery_log(b)
        assert "system" not in recovery_mapped(b)
        b.cut()
        assert (b.digests("meta", "system"), on_disk.read()) == before

    # Nothing is lost: with the bytes put back the merge ends.
    on_disk.write(0, was)
    b.start()
    assert b.wait_up() == "new"
    assert b.boot_json()["plan"] == {"persist": "mend", "map": "merge", "then": "boot"}
    b.run("cowboot merge --wait", check=True)
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == b.partition_digest("system") == image_digest(p.new)


def test_merge_goes_on_without_the_file_system_of_data(at):
    """The extents are in the record, and the partition still holds the store."""
    p = at("merging")
    b = p.b
    b.corrupt("data", 1024, bytes(1024))
    b.start()
    assert b.wait_up() == "new"
    assert b.boot_json()["plan"] == {"persist": "mend", "map": "merge", "then": "boot"}
    assert "cannot mount /dev/mapper/data" in b.dmesg()
    assert b.digest() == image_digest(p.new)
    b.run("cowboot merge --wait", check=True)
    assert ended(b)[::2] == ("merged", "new")
    assert b.reboot() == "new"
    assert b.status()["phase"] == "idle"
    assert b.digest() == b.partition_digest("system") == image_digest(p.new)
