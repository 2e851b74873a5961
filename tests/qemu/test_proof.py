# SPDX-License-Identifier: MIT
"""A trial whose store has been damaged since it was installed is not confirmed but refused, while there is a way
back. A disk that has confirmed a merge and lost some of it: the next boot writes it again (I15), a proof that
fails gives nothing back (I14), and after three of them the board says so in recovery."""
import json

import pytest
from board import image_digest
from points import recovery_after_start
from steps import (begin_trial, ended, exact_store_bytes, free_blocks, left, log_lines, mapped,
                   wait_until)
from tiny.image import changed_chunks


def last_changed(old, new):
    """Where the last chunk lies that the update changes."""
    a, z = old.read_bytes(), new.read_bytes()
    return next(at for at in range(len(a) - 4096, -1, -4096) if a[at:at + 4096] != z[at:at + 4096])


def test_a_trial_that_is_not_what_was_installed(board, images, bundle):
    """The store's list is whole, so it is booted; what is wrong with its data only the proof can tell."""
    old, new = images.pair()
    b, changed = board(old), changed_chunks(old.read_bytes(), new.read_bytes())
    b.run("mkdir -p /data/cowboot", check=True)
    free = free_blocks(b)
    begin_trial(b, bundle(system=(old, new)))
    chunk = exact_store_bytes(changed) // 4096 - 1 - (changed % 256 == 0)   # the last with data
    b.run(f"dd if=/dev/zero of=/dev/mapper/system-store bs=4096 seek={chunk} count=1 conv=notrunc,fsync",
          check=True)
    why = (f"system does not read back as it was installed: 1 of {changed} changed chunks differ, "
           f"from byte {last_changed(old, new)}")
    code, out = b.cowboot("--progress json mark-good")
    assert code == 1
    assert f"cowboot: cannot confirm new: {why}; it is refused, reboot to go back\n" in out
    assert '"step": "proving", "object": "system"' in out
    code, out = b.cowboot("mark-good")
    assert (code, out) == (3, f"cowboot: cannot confirm new: it was refused ({why}); reboot to go back\n")
    assert b.status()["phase"] == "trial" and mapped(b) == {"system": "snapshot"}
    assert b.partition_digest("system") == image_digest(old)
    assert b.reboot() == "old"
    assert ended(b)[::2] == ("reverted", "new")
    assert why in b.status()["last"]["reason"]
    assert free_blocks(b) == free
    assert b.digest() == b.partition_digest("system") == image_digest(old)


def merge_unproven(board, images, bundle, **options):
    """A board that is off, with everything merged and nothing proven: (board, old, new, changed chunks)."""
    old, new = images.pair()
    b = board(old, store="cow", **options)
    begin_trial(b, bundle(system=(old, new)))
    # It need not read all of it before, where the configuration says so.
    b.run("cp /run/cowboot/cowboot.conf /run/unproven && echo verify-trial no >> /run/unproven", check=True)
    code, out = b.cowboot("--progress json --config /run/unproven mark-good")
    assert code == 0 and "proving" not in out
    wait_until(lambda: left(b) == 0, "the kernel has merged it")
    b.cut()
    return b, old, new, changed_chunks(old.read_bytes(), new.read_bytes())


@pytest.fixture
def merged(board, images, bundle):
    return merge_unproven(board, images, bundle)


def lose_last(b, old, new):
    """The last chunk that the update has changed is as it was before."""
    at = last_changed(old, new)
    b.corrupt("system", at, old.read_bytes()[at:at + 4096])


def test_what_the_disk_has_lost_is_written_again(merged):
    b, old, new, changed = merged
    lose_last(b, old, new)
    b.start()
    assert b.wait_up() == "new"
    assert b.boot_json()["plan"] == {"persist": "mend", "map": "linear", "then": "boot"}
    assert log_lines(b, f"system: the disk has lost 1 of {changed} merged chunks, which are written again")
    assert b.digest() == b.partition_digest("system") == image_digest(new)
    b.run("cowboot merge --wait", check=True)
    assert ended(b)[::2] == ("merged", "new")
    assert b.partition_digest("system") == image_digest(new)
    (result,) = json.loads(b.run("cowboot log --json", check=True))["results"]
    assert (result["tries_spent"], result["tries_total"], result["chunks_again"]) == (1, 3, 1)
    told = b.run("cowboot log 1", check=True)
    assert told.endswith("; 1 of 3 tries spent; 1 merged chunks written again, which the disk had lost\n")


def test_three_proofs_that_fail(merged):
    """The kept list is damaged as well, so that the boot cannot mend: what is wrong is never called right."""
    b, old, new, changed = merged
    lose_last(b, old, new)
    b.corrupt("cow", exact_store_bytes(changed) + 100, b"\xff" * 8)
    b.start()
    assert b.wait_up() == "new"
    for failed in 1, 2, 3:
        assert log_lines(b, "system: what was merged cannot be compared: its head is damaged")
        code, out = b.cowboot("merge --wait")
        assert code == 4
        assert "cannot prove new: the disk does not hold what was merged into system; reboot" in out
        assert f", proofs failed: {failed}\n" in b.run("cowboot status", check=True)
        assert b.status()["phase"] in ("merging", "proving")
        if failed < 3:
            assert b.reboot() == "new"
    b.poweroff()
    assert recovery_after_start(b) == "the disk does not keep what was merged: every proof has failed"
