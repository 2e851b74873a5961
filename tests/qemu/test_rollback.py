# SPDX-License-Identifier: MIT
"""What is kept when an update is confirmed: it is tried like any update, and given back."""
import pytest
from board import image_digest
from menus import choose, offered, screen
from steps import begin_trial, exact_store_bytes, room_bytes, store_files
from test_proof import lose_last, merge_unproven
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


def merged_back(b, old, reason):
    """The old system is up on its store; it is merged to its end, and nothing is kept of either."""
    assert b.status()["phase"] == "merging"
    assert b.digest() == image_digest(old)
    b.run("cowboot merge --wait", check=True)
    assert b.digest() == b.partition_digest("system") == image_digest(old)
    assert b.status()["kept"] is None and store_files(b) == []
    told = b.run("cowboot log", check=True)
    assert reason in told
    assert b.reboot() == "old"
    assert b.partition_digest("system") == image_digest(old)


def test_the_menu_turns_a_failed_merge_back(at):
    """Half of the new system is merged, and the store with the rest is damaged: neither system is whole."""
    p = at("merging", store="cow", conf="keep-old must\nrecovery menu\n")
    p.b.corrupt("cow", 0, bytes(4096))
    assert p.b.partition_digest("system") not in (image_digest(p.old), image_digest(p.new))
    p.b.start()
    text = screen(p.b)
    assert "No system was started: a store is damaged, and its merge has begun." in text
    assert "rollback" in offered(text)
    said = choose(p.b, "rollback", "rollback")
    assert "The update is lost; the board goes back to the system before it." in said
    assert "The next boot goes back to unnamed, and merges it." in said
    assert "rollback" not in offered(screen(p.b))
    p.b.type("again\r")
    assert p.b.wait_up() == "old"
    merged_back(p.b, p.old, "in recovery, the merge was turned back to the system before")


@pytest.mark.parametrize("sound", [True, False])
def test_a_merge_that_cannot_be_proven_is_turned_back(board, images, bundle, sound):
    """With recovery-rollback, and nobody there; but not with what is kept when that is damaged, too."""
    b, old, new, changed = merge_unproven(board, images, bundle,
                                          conf="keep-old must\nrecovery-rollback yes\nrecovery menu\n")
    lose_last(b, old, new)
    b.corrupt("cow", exact_store_bytes(changed) + 100, b"\xff" * 8)
    if not sound:
        b.corrupt("cow", room_bytes(changed) + 2 * 4096, b"\xff" * 8)
    b.start()
    assert b.wait_up() == "new"
    for _ in range(2):
        assert b.cowboot("merge --wait")[0] == 4
        assert b.reboot() == "new"
    assert b.cowboot("merge --wait")[0] == 4
    planned = b.run("cowboot status --explain", check=True)
    if sound:
        assert "turn the merge back, reboot: no proof has held, and the merge is turned back" in planned
        assert b.reboot() == "old"
        merged_back(b, old, "no proof has held, and the merge is turned back to the system before")
        return
    assert "recovery: the disk does not keep what was merged: every proof has failed" in planned
    b.poweroff()
    before = b.partition_digest("system")
    b.start()
    text = screen(b)
    assert "No system was started: the disk does not keep what was merged: every proof has failed" in text
    assert "damaged" in choose(b, "rollback", "rollback")
    b.cut()
    assert b.partition_digest("system") == before
