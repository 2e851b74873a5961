# SPDX-License-Identifier: MIT
"""Trials that end badly: the old system is back after exactly the tries there were, or in the same
boot where the new one cannot even be started; the record keeps why (I10), the space is free again
(I9), and the origin was never written to (I6, I12)."""
import json

import pytest
from board import image_digest
from steps import ended, free_blocks, mapped, store_files
from tiny.image import VERSION


# The last 16 MiB of the board's memory are nobody's: a place that outlives a reset.
RAMOOPS = ("mem=240M ramoops.mem_address=0x4f000000 ramoops.mem_size=0x100000 "
           "ramoops.record_size=0x20000 ramoops.ecc=1")


@pytest.fixture
def installed(board, images, bundle):
    """A board with an update installed and not booted yet: (board, old, free blocks before it).
    broken makes NEW unusable, behave is how it behaves, all else is board's."""
    def make(behave="ok", broken=None, **options):
        old, new = images.pair(behave=behave)
        b = board(old, **options)
        b.run("mkdir -p /data/cowboot", check=True)
        before = free_blocks(b)
        code, out = b.install(bundle(system=(old, broken(new) if broken else new)))
        assert code == 4, out
        return b, old, before
    return make


def check_reverted(b, old, before, reason):
    """The old system runs as if nothing had been, and says why."""
    assert ended(b)[::2] == ("reverted", "new")
    assert b.status()["last"]["reason"].startswith(reason)
    assert f"last     reverted, ? -> new: {reason}" in b.run("cowboot status", check=True)
    assert free_blocks(b) == before
    assert b.digest() == b.partition_digest("system") == image_digest(old)


def image_version(image):
    return VERSION.search(image.read_bytes()).group().split()[1].decode()


SPENT = "all tries are spent and the new system never said it is good"


def keeps_its_panic(b):
    """What pstore has of it, once."""
    code, out = b.cowboot("log --keep")
    assert code == 0, out
    assert b.cowboot("log --keep")[0] == 2
    (result,) = json.loads(b.run("cowboot log --json", check=True))["results"]
    assert out == f"kept {result['log_file']}\n"
    assert "Kernel panic - not syncing" in b.run(f"cat {result['log_file']}", check=True)
    b.run("rm -r /data/cowboot/logs", check=True)


def test_trial_that_panics(installed):
    b, old, before = installed("panic", modules=["ramoops"], append=RAMOOPS)
    assert b.reboot(timeout=120) == "old"
    assert b.resets() == 1 + 3      # the test's own reboot, and each of the three tries
    check_reverted(b, old, before, SPENT)
    plan = {"persist": "revert", "map": "linear", "then": "boot"}
    assert (b.boot_json()["plan"], b.boot_json()["phase"]) == (plan, "trial")

    assert b.run("cowboot log", check=True).endswith("; 3 of 3 tries spent\n")
    keeps_its_panic(b)

    # For good: the next boot doesn't come back to it.
    assert b.reboot() == "old"
    assert b.boot_json()["reason"] == "no update is pending"
    check_reverted(b, old, before, SPENT)


def test_trial_that_hangs(installed):
    b, old, before = installed("hang")
    b.begin_reboot()
    for _ in range(3):
        b.wait_for("tiny: hanging, as told")
        assert b.partition_digest("system") == image_digest(old)
        b.reset()
    assert b.wait_up() == "old"
    assert "hanging" not in b.serial.text()[b.serial.at:]
    check_reverted(b, old, before, SPENT)


def test_trial_that_never_says_it_is_good(installed):
    """It runs well, but nothing confirms it: each boot is one try."""
    b, old, before = installed()
    for left in (2, 1, 0):
        assert b.reboot() == "new"
        assert b.status()["tries_left"] == b.boot_json()["tries_left"] == left
    explained = b.run("cowboot status --explain", check=True)
    assert f"next boot: map linear, go back for good, boot: {SPENT}" in explained
    assert b.reboot() == "old"
    check_reverted(b, old, before, SPENT)


def test_trial_confirmed_on_its_last_try(installed):
    b, _, _ = installed(conf="tries 1\n")
    assert b.reboot() == "new"
    assert (b.status()["tries_left"], b.status()["tries_total"]) == (0, 1)
    b.run("cowboot mark-good && cowboot merge --wait", check=True)
    assert b.reboot() == "new"
    assert ended(b)[::2] == ("merged", "new")


BROKEN = [
    ("without_init", "the new system has no init that can be started: cannot find /sbin/init in "
                     "the new root"),
    ("without_interpreter", "the new system has no init that can be started: cannot run /sbin/init: it "
                            "needs /bin/nothing: cannot find /bin/nothing in the new root"),
    ("unmountable", "the new system cannot be mounted: cannot mount /dev/mapper/system on "),
]


@pytest.mark.parametrize("broken, reason", BROKEN, ids=[b for b, _ in BROKEN])
def test_trial_that_cannot_be_started(installed, images, broken, reason):
    b, old, before = installed(broken=getattr(images, broken))
    assert b.reboot() == "old"
    assert b.resets() == 1      # the test's own: it went back in the very boot that tried it
    check_reverted(b, old, before, reason)
    assert b.boot_json()["plan"] == {"persist": "revert", "map": "linear", "then": "boot"}


def keeps_its_log(b):
    """The kernel's log, and in its place what somebody else says; where it is kept."""
    code, out = b.cowboot("log --keep")
    assert code == 0 and out.startswith("kept /data/cowboot/logs/") and out.endswith(".log\n"), out
    log_file = out.split()[1]
    assert "cowboot: plan: persist spend, map snapshot" in b.run(f"cat {log_file}", check=True)
    said = "for i in $(seq 299); do echo line $i; done; echo the network is not there"
    assert b.run(f"({said}) | cowboot log --keep -") == (0, out)
    assert b.run("ls -A /data/cowboot/logs", check=True) == log_file.split("/")[-1] + "\n"
    return log_file


def test_mark_bad(installed):
    b, old, before = installed()
    assert b.reboot() == "new"
    code, out = b.cowboot("mark-bad 'no network'")
    assert (code, out) == (4, "refused new (no network): reboot to go back\n")
    # Safe to repeat: the first reason stays. There is no way on from here.
    assert b.cowboot("mark-bad 'another reason'") == (code, out)
    assert b.status()["refused"] == "no network" and mapped(b) == {"system": "snapshot"}
    code, out = b.cowboot("mark-good")
    assert code == 3 and "cannot confirm new: it was refused (no network)" in out
    assert b.partition_digest("system") == image_digest(old)
    log_file = keeps_its_log(b)
    assert b.reboot() == "old"
    assert b.resets() == 2
    (result,) = json.loads(b.run("cowboot log --json", check=True))["results"]
    assert result["log_file"] == log_file
    told = b.run("cowboot log", check=True).splitlines()
    assert told[0].endswith("; 1 of 3 tries spent") and told[1] == f"  the end of {log_file}:"
    assert len(told) == 2 + 20 and told[-1] == "  | the network is not there"
    # Of this one nothing more is to be had: there is no pstore.
    assert b.cowboot("log --keep")[0] == 2
    assert b.run(f"cat {log_file}", check=True).endswith("line 299\nthe network is not there\n")
    b.run("rm -r /data/cowboot/logs", check=True)
    check_reverted(b, old, before, "the new system was marked bad: no network")


def test_mark_bad_before_the_first_try(installed):
    b, old, before = installed()
    code, out = b.cowboot("mark-bad")
    assert code == 0 and "it does not run, and the next boot drops it" in out
    assert b.reboot() == "old"
    check_reverted(b, old, before, "the new system was marked bad: refused by mark-bad")


def test_cancel_before_reboot(installed, images):
    b, old, before = installed()
    assert b.cowboot("cancel") == (0, "cancelled new: nothing is pending\n")
    assert free_blocks(b) == before and store_files(b) == []
    assert b.cowboot("cancel") == (2, "cowboot: nothing to cancel: no update is pending\n")
    assert b.reboot() == "old"
    assert b.boot_json()["reason"] == "no update is pending"
    assert ended(b)[::2] == ("cancelled", "new")
    assert b.status()["last"]["reason"] == "cancelled before it was booted"
    assert b.digest() == b.partition_digest("system") == image_digest(old)


def test_cancel_where_device_mapper_does_not_answer(installed):
    """In a container, say: nobody knows then whether the trial runs, and so it is not cancelled."""
    b, _, _ = installed()
    assert b.reboot() == "new"
    # Where there is no node for it, and none can be made.
    b.run("mount -t tmpfs -o ro x /dev/mapper", check=True)
    code, out = b.cowboot("cancel")
    b.run("umount /dev/mapper", check=True)
    assert code == 1 and "cannot cancel" in out, out
    assert b.status()["phase"] == "trial" and b.status()["running"] == "trial"
    assert b.cowboot("mark-good --wait")[0] == 0


@pytest.mark.parametrize("store", ["file", "cow"])
def test_next_updates(installed, images, bundle, store):
    """A board that went back takes the next update as if nothing had been, and that one the next;
    what lies in a raw store from the one before never comes alive again."""
    b, old, before = installed(broken=images.without_init, store=store)
    assert b.reboot() == "old"
    new = images.new(old, seed=2, change=24)
    newer = images.new(new, version="newer", seed=3, change=120)
    for base, image, update in ((old, new, bundle(system=(old, new))),
                                (new, newer, bundle(system=(new, newer), version="newer"))):
        version = image_version(image)
        assert b.install(update)[0] == 4
        assert b.reboot() == version
        assert b.digest() == image_digest(image)
        assert b.partition_digest("system") == image_digest(base)
        assert b.cowboot("mark-good --wait")[0] == 0
        assert ended(b)[::2] == ("merged", version)
        assert free_blocks(b) == before
        assert b.digest() == b.partition_digest("system") == image_digest(image)
    assert ended(b) == ("merged", "new", "newer")
