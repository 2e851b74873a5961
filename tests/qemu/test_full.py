# SPDX-License-Identifier: MIT
"""A full bundle (format 7): over whatever the volume holds, the store is exactly what differs; the system before it
can be kept and tried again; what is wrong with it leaves everything as it was."""
import pytest
from board import image_digest
from steps import room_bytes, store_devices, store_files
from tiny.image import changed_chunks


@pytest.mark.parametrize(("store", "how"), [("file", "cowboot install /run/bundle"),
                                             ("cow", "cat /run/bundle | cowboot install -")])
def test_over_another_base(board, images, bundle, store, how):
    """The volume holds an image that nobody who made the bundle has seen."""
    old, new = images.pair()
    base = images.new(old, seed=3)
    update = bundle(system=(old, new), args=("--full",))
    assert update.read_bytes()[8] == 7
    b = board(base, store=store)
    b.channel.put("/run/bundle", update.read_bytes())
    code, out = b.run(how)
    assert code == 4 and "installed new: reboot to try it (3 tries)" in out

    changed = changed_chunks(base.read_bytes(), new.read_bytes())
    volume = b.status()["volumes"][0]
    assert volume["exceptions"] == changed != changed_chunks(old.read_bytes(), new.read_bytes())
    assert volume["store_bytes"] == room_bytes(changed)
    assert b.digest() == b.partition_digest("system") == image_digest(base)
    assert b.reboot() == "new"
    assert b.digest() == image_digest(new)
    b.run("cowboot mark-good && cowboot merge --wait", check=True)
    assert b.partition_digest("system") == image_digest(new)
    assert b.status()["last"]["result"] == "merged"

    # What was written over was kept, though no bundle has named its digest.
    if b.status()["kept"]:
        assert b.cowboot("rollback")[0] == 4
        b.reboot()
        assert b.digest() == image_digest(base)


def test_what_runs_already(board, images, bundle):
    old, new = images.pair()
    b = board(new)
    assert b.install(bundle(system=(old, new), args=("--full",))) == (
        2, "cowboot: nothing to install: what new brings is there already\n")
    assert b.status()["record"]["health"] == "new"


def test_damaged(board, images, bundle):
    """A frame that is needed, one that is not, an index: before the stores, after them, or never looked at."""
    old, new = images.pair()
    good = bundle(system=(old, new), args=("--full",)).read_bytes()
    index_at = 64 + int.from_bytes(good[12:16], "little") + int.from_bytes(good[16:20], "little")
    b = board()
    for at, why in [(index_at + 40, "the index of volume system is damaged: its digest differs"), (len(good), "padded")]:
        wrong = bytearray(good + b"\0")
        if at < len(good):
            wrong = bytearray(good)
            wrong[at] ^= 1
        code, out = b.install(bytes(wrong))
        assert code == 1 and why in out
    for length in (index_at + 100, len(good) // 2, len(good) - 1):
        code, out = b.install(good[:length])
        assert code == 1 and "truncated" in out
    assert b.status()["phase"] == "idle" and store_files(b) == store_devices(b) == []
    assert b.partition_digest("system") == image_digest(old)
    assert b.install(good)[0] == 4
