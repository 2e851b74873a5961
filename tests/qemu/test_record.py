# SPDX-License-Identifier: MIT
"""The record's two copies: one that is damaged, stale or torn costs nothing and is made good again,
in any phase; without a good one nothing is mapped and nothing written (I4)."""
import struct

import pytest
from board import image_digest
from ondisk import (COPY_AT, GENERATION_STEP, copy_of, flip, generation, phase, put_copy,
                    sealed)
from points import recovery_after_start, recovery_log, recovery_mapped
from steps import ended, log_lines, mapped, slow_down

OTHER = {"A": "B", "B": "A"}
VERSION_AT = {"idle": "old", "trial": "new", "merging": "new"}    # what comes up at that point
DAMAGED = "the record is damaged: whether a merge has begun is not known"


def copies_written(b):
    """To which copies of the record the disk was asked to write."""
    at = {write.offset_bytes for write in b.writes() if write.label == "meta"}
    return {name for name, start in COPY_AT.items()
            if any(start <= each < start + (256 << 10) for each in at)}


def start(b, version, slow=False):
    """slow: a merge that goes on from here is not over before the test has looked."""
    b.start()
    if slow:
        slow_down(b)
    assert b.wait_up() == version


# ---- one copy is damaged -------------------------------------------------------------------------

@pytest.mark.parametrize("point", ["idle", "trial", "merging"])
@pytest.mark.parametrize("name", ["A", "B"])
def test_one_copy_is_damaged(at, point, name):
    p = at(point, log=True)
    b = p.b
    good = copy_of(b, OTHER[name])
    assert copy_of(b, name) == good and phase(good) == point
    flip(b, name, 200)
    start(b, VERSION_AT[point], slow=True)
    assert "record: the damaged copy is repaired" in b.dmesg()
    assert b.status()["record"]["copies"] == ["good", "good"]
    assert b.status()["phase"] == point
    assert copy_of(b, "A") == copy_of(b, "B")
    if point == "trial":            # whose boot spends a try
        assert generation(copy_of(b, "A")) == generation(good) + GENERATION_STEP
        assert b.status()["tries_left"] == 2
        return
    assert copy_of(b, name) == good
    assert copies_written(b) == {name}

    # A second boot finds nothing to do.
    b.cut()
    b.log.unlink()
    start(b, VERSION_AT[point], slow=True)
    assert copies_written(b) == set()
    assert copy_of(b, "A") == copy_of(b, "B") == good


# ---- one copy cannot be written any more ---------------------------------------------------------

def break_copy(b, name):
    """Damages a copy, and from the next start on its place takes no write."""
    flip(b, name, 200)
    b.disks[0].inject = [{"event": "none", "iotype": "write", "errno": 5,
                          "sector": b.sector("meta", COPY_AT[name])}]


def test_a_copy_that_cannot_be_repaired_in_idle(at):
    b = at("idle").b
    break_copy(b, "A")
    before = b.digests("meta", "system")
    start(b, "old")
    assert log_lines(b, "cannot save copy A of the record")
    assert b.status()["record"]["copies"] == ["damaged", "good"]
    assert b.digests("meta", "system") == before


def test_a_copy_that_cannot_be_repaired_in_a_trial(at):
    """No try can be spent, so there is no trial (I1); it waits for a disk that can be written."""
    b = at("trial").b
    break_copy(b, "A")
    before = b.digests("meta", "system")
    start(b, "old")
    assert b.boot_json()["reason"] == "the record cannot be saved: no trial without it"
    assert b.digests("meta", "system") == before
    b.poweroff()
    b.disks[0].inject = []
    start(b, "new")
    assert b.status()["tries_left"] == 2


def test_a_copy_that_cannot_be_repaired_while_merging(at):
    """The snapshot shows all of NEW, and the merge waits: neither init nor the command goes on with
    it on a record that a cut may take back (I2)."""
    p = at("merging")
    b = p.b
    break_copy(b, "A")
    before = b.digests("meta", "system")
    start(b, "new")
    assert b.boot_json()["plan"] == {"persist": "mend", "map": "snapshot", "then": "boot"}
    assert b.boot_json()["reason"] == "the merge waits until the record can be saved"
    assert b.digest() == image_digest(p.new)
    code, out = b.cowboot("merge --wait")
    assert code == 1 and "cannot merge: cannot save copy A of the record" in out
    assert mapped(b) == {"system": "snapshot"}
    assert b.digests("meta", "system") == before
    b.poweroff()
    b.disks[0].inject = []
    start(b, "new")
    assert b.boot_json()["plan"]["map"] == "merge"
    b.run("cowboot merge --wait", check=True)
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == b.partition_digest("system") == image_digest(p.new)


# ---- both are damaged ---------------------------------------------------------------------------

def flip_both(b, _):
    flip(b, "A", 200)
    flip(b, "B", 300)


def zero_one_and_flip_the_other(b, good):
    """Not a new device: what is left of B says that there was a record."""
    put_copy(b, "A", bytes(len(good)))
    flip(b, "B", 200)


def later_version_in_a(b, good):
    put_copy(b, "A", sealed(good, {8: struct.pack("<I", 3)}))


def later_version_in_b(b, good):
    put_copy(b, "B", sealed(good, {8: struct.pack("<I", 3)}))


def differ_in_one_generation(b, good):
    put_copy(b, "B", sealed(good, {128: b"other"}))


UNUSABLE = [
    (flip_both, "copy A is damaged or unreadable, copy B is damaged or unreadable"),
    (zero_one_and_flip_the_other, "copy A is empty, copy B is damaged or unreadable"),
    (later_version_in_a, "copy A is of a later format version, copy B is good"),
    (later_version_in_b, "copy A is good, copy B is of a later format version"),
    (differ_in_one_generation, "copy A and copy B are of one generation, but differ"),
]


def stays_in_recovery(b, why, boots=1, parts=("meta", "system", "cow")):
    """Recovery, and not a byte is written on a volume, the record or the store."""
    before = b.digests(*parts)
    for _ in range(boots):
        assert recovery_after_start(b) == DAMAGED
        log = recovery_log(b)
        assert f"record: {why}" in log and "phase" not in log
        assert recovery_mapped(b) <= {"data"}
        b.cut()
        assert b.digests(*parts) == before


@pytest.mark.parametrize("spoil, why", UNUSABLE, ids=[u[0].__name__ for u in UNUSABLE])
def test_no_copy_can_be_used(at, spoil, why):
    b = at("trial", store="cow").b
    spoil(b, copy_of(b, "A"))
    stays_in_recovery(b, why)


def test_both_copies_are_damaged_while_merging(at):
    p = at("merging", store="cow")
    b = p.b
    was = b.read_partition("meta")
    flip_both(b, None)
    stays_in_recovery(b, UNUSABLE[0][1], boots=2)
    b.corrupt("meta", 0, was)
    start(b, "new")
    b.run("cowboot merge --wait", check=True)
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == b.partition_digest("system") == image_digest(p.new)


@pytest.mark.parametrize("store, where", [("file", "data"), ("cow", "/dev/vda")])
@pytest.mark.parametrize("point", ["trial", "merging"])
def test_zeros_beside_a_store_are_no_new_board(at, point, store, where):
    """Somebody wiped meta amid a merge: the origin alone is a mixture, and the store the only copy
    of what was not merged yet. With the record put back the merge goes on. In a trial likewise."""
    p = at(point, store=store)
    b = p.b
    was = b.read_partition("meta")
    b.corrupt("meta", 0, bytes(len(was)))
    parts = ["meta", "system"] + ["cow"] * (store == "cow")
    stays_in_recovery(b, f"it is all zeros, but there is a store on {where}", 2, parts)
    b.corrupt("meta", 0, was)
    start(b, "new")
    b.cowboot("mark-good")
    assert b.cowboot("merge --wait")[0] in (0, 2)     # 2: mark-good has seen its end
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == b.partition_digest("system") == image_digest(p.new)


def test_both_copies_are_damaged_in_idle(at):
    b = at("idle", store="cow").b
    flip_both(b, None)
    stays_in_recovery(b, UNUSABLE[0][1])


# ---- a save that was cut -------------------------------------------------------------------------

@pytest.mark.parametrize("stale", ["A", "B"])
def test_a_cut_save_of_a_try(at, stale):
    """One copy says two tries are left, the other still three: the newer counts."""
    b = at("trial").b
    before = copy_of(b, stale)
    start(b, "new")
    assert b.status()["tries_left"] == 2
    b.cut()
    newest = copy_of(b, OTHER[stale])
    assert generation(newest) == generation(before) + GENERATION_STEP
    put_copy(b, stale, before)
    start(b, "new")
    assert b.status()["tries_left"] == 1
    assert b.status()["record"]["copies"] == ["good", "good"]
    assert copy_of(b, "A") == copy_of(b, "B")
    assert generation(copy_of(b, "A")) == generation(newest) + GENERATION_STEP


@pytest.mark.parametrize("name", ["A", "B"])
@pytest.mark.parametrize("how", ["torn", "stale"])
def test_a_cut_save_of_the_confirmation(at, name, how):
    """`merging` is in one copy only: it holds, whatever the other one says (I3)."""
    p = at("tried")
    b = p.b
    trial = copy_of(b, name)
    start(b, "new")
    b.run("cowboot mark-good", check=True)
    b.cut()
    merging = copy_of(b, name)
    assert phase(merging) == "merging"
    assert generation(merging) > generation(trial)
    cut = trial if how == "stale" else merging[:32] + trial[32:]
    assert cut != merging
    put_copy(b, name, cut)
    start(b, "new")
    plan = b.boot_json()["plan"]
    assert plan["persist"] == "mend" and plan["map"] in ("linear", "merge")
    assert copy_of(b, "A") == copy_of(b, "B")
    b.cowboot("merge --wait")
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == b.partition_digest("system") == image_digest(p.new)
