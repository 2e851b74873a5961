# SPDX-License-Identifier: MIT
"""What is kept when an update is confirmed: it is tried like any update, and given back."""
import pytest
from board import image_digest
from steps import begin_trial, room_bytes, store_files
from tiny.image import changed_chunks


def last(b):
    said = b.status()["last"]
    return said["result"], said["to"]


def confirm(b):
    b.run("cowboot mark-good --wait", check=True)
    assert b.status()["phase"] == "idle"


@pytest.mark.parametrize("store", ["file", "cow"])
def test_there_and_back(board, images, bundle, store):
    """12.0 -> 12.1 -> 12.0 -> 12.1: the bytes of each, and what is left when it is forgotten."""
    old, new = images.pair()
    b = board(old, store=store, conf="keep-old must\n")
    assert b.cowboot("rollback") == (2, "cowboot: nothing to go back to: no old system is kept\n")
    assert b.cowboot("forget") == (2, "cowboot: nothing to forget: no old system is kept\n")
    begin_trial(b, bundle(system=(old, new), args=("--from", "old")))
    assert b.cowboot("rollback")[0] == 3
    confirm(b)
    kept = b.status()["kept"]
    changed = changed_chunks(old.read_bytes(), new.read_bytes())
    assert (kept["version"], kept["bytes"], kept["slot"]) == ("old", room_bytes(changed), None)
    assert "kept     old can be had again, " in b.run("cowboot status", check=True)
    for there, back, image in ("new", "old", old), ("old", "new", new):
        code, out = b.cowboot("rollback")
        assert (code, out) == (4, f"the way back to {back} is armed: reboot to try it (3 tries)\n")
        assert b.cowboot("rollback")[0] == 4, "it is safe to repeat"
        assert b.cowboot("forget")[0] == 3
        assert b.reboot() == back
        assert b.partition_digest("system") == image_digest(new if there == "new" else old)
        confirm(b)
        assert b.digest() == b.partition_digest("system") == image_digest(image)
        assert last(b) == ("merged", back)
        assert b.status()["kept"]["version"] == there
    code, out = b.cowboot("forget")
    assert (code, out) == (0, f"forgot old: {room_bytes(changed)} bytes are free again\n")
    assert b.status()["kept"] is None
    if store == "file":
        assert store_files(b) == []
    assert b.reboot() == "new"
    assert b.partition_digest("system") == image_digest(new)


def test_a_trial_that_is_given_up_stays_kept(board, images, bundle):
    old, new = images.pair()
    b = board(old, conf="keep-old must\n")
    begin_trial(b, bundle(system=(old, new), args=("--from", "old")))
    confirm(b)
    assert b.cowboot("rollback")[0] == 4
    assert b.reboot() == "old"
    b.cowboot("mark-bad 'it was better'")
    assert b.reboot() == "new"
    assert last(b) == ("reverted", "old")
    assert b.status()["kept"]["version"] == "old"
    assert b.partition_digest("system") == image_digest(new)
    assert len(store_files(b)) == 1
