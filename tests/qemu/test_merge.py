# SPDX-License-Identifier: MIT
"""The merge, and what may come in its way: load, reboots, power cuts, failing writes, nobody who
watches. From the confirmation on every boot maps the merge and shows NEW (I2, I3, I12); a device
whose merge failed is left alone until the next boot (I7)."""
import hashlib
import re

import pytest
from board import image_digest
from steps import (begin_trial, ended, left, log_lines, mapped, slow_down, speed_up, store_files,
                   wait_merging, wait_until)
from tiny.image import changed_chunks

MANY = {"change": 400, "spread": "scattered"}   # one step of the kernel each


@pytest.fixture
def trial(board, images, bundle):
    """A board that runs a trial: (board, old, new, changed chunks). change and spread are those of
    images, all else of board."""
    def make(change=64, spread="runs", **options):
        old, new = images.pair(change=change, spread=spread)
        b = board(old, **options)
        begin_trial(b, bundle(system=(old, new)))
        return b, old, new, changed_chunks(old.read_bytes(), new.read_bytes())
    return make


def is_merging(b, new):
    """This boot goes on with the merge, and shows NEW whole."""
    assert b.boot_json()["plan"] == {"persist": "mend", "map": "merge", "then": "boot"}
    assert b.digest() == image_digest(new)


def is_merged(b, new):
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == b.partition_digest("system") == image_digest(new)


# toybox's shell knows no loop that ends; xargs does.
READ_ONCE = "printf 3 > /proc/sys/vm/drop_caches; sha256sum < /usr/share/content >> /tmp/sums"
READ_ON = "yes | xargs -n 1 sh /tmp/read-once > /tmp/errors 2>&1 &"


def sums_read(b):
    return [line.split()[0] for line in b.run("cat /tmp/sums")[1].splitlines()]


def test_files_are_read_while_merging(trial):
    b, _, new, changed = trial(**MANY)
    content = hashlib.sha256(b.channel.get("/usr/share/content")).hexdigest()
    b.channel.put("/tmp/sums", b"")
    b.channel.put("/tmp/read-once", READ_ONCE.encode())
    b.run(READ_ON, check=True)
    wait_until(lambda: sums_read(b), "the reading begins")
    slow_down(b)
    b.run("cowboot mark-good", check=True)
    before, still = len(sums_read(b)), wait_merging(b, changed)
    wait_until(lambda: len(sums_read(b)) >= before + 2, "two readings amid the merge")
    assert 0 < left(b) < still
    speed_up(b)
    b.run("cowboot merge --wait", check=True)
    after = len(sums_read(b))
    wait_until(lambda: len(sums_read(b)) >= after + 2, "two readings after it")
    b.run("pkill xargs", check=True)
    assert set(sums_read(b)) == {content}
    assert b.run("cat /tmp/errors", check=True) == ""
    assert log_lines(b, "(?i)I/O error|ext4.*error") == []
    is_merged(b, new)


def test_reboot_while_merging(trial):
    b, _, new, changed = trial(**MANY)
    slow_down(b)
    b.run("cowboot mark-good", check=True)
    still = wait_merging(b, changed)
    assert b.reboot() == "new"
    is_merging(b, new)
    assert 0 < left(b) <= still
    speed_up(b)
    b.run("cowboot merge --wait", check=True)
    is_merged(b, new)
    assert b.reboot() == "new"
    is_merged(b, new)


def test_two_wait_for_the_merge(trial):
    """One of them ends it, the other says so; a third that is interrupted disturbs nothing."""
    b, _, new, _ = trial(**MANY)
    slow_down(b)
    b.run("cowboot mark-good", check=True)
    for n in "123":
        b.run(f"cowboot merge --wait > /tmp/{n} 2>&1 &", check=True)
    wait_until(lambda: len(b.run("pidof cowboot")[1].split()) == 3, "three wait for the merge")
    b.run("kill -INT $(pidof cowboot | cut -d ' ' -f 1)", check=True)
    wait_until(lambda: len(b.run("pidof cowboot")[1].split()) == 2, "one goes")
    assert left(b)
    speed_up(b)
    wait_until(lambda: b.run("pidof cowboot")[0], "both have ended")
    said = "".join(b.run(f"cat /tmp/{n}", check=True) for n in "123")
    assert said.count("merged new: it is the system now\n") == 1
    assert said.count("merged: another command ended it\n") == 1
    is_merged(b, new)


def cut_power(b):
    """The board comes back as slow as it was."""
    b.cut()
    b.start()
    slow_down(b)
    assert b.wait_up() == "new"


def test_power_cuts_while_merging(trial):
    b, old, new, changed = trial(**MANY)
    slow_down(b)
    b.run("cowboot mark-good", check=True)
    wait_merging(b, changed)
    cut_power(b)
    is_merging(b, new)
    still = left(b)
    assert 0 < still < changed
    assert b.partition_digest("system") not in (image_digest(old), image_digest(new))
    wait_merging(b, still)
    cut_power(b)
    is_merging(b, new)
    speed_up(b)
    b.run("cowboot merge --wait", check=True)
    is_merged(b, new)


def test_power_cut_right_after_mark_good(trial):
    b, _, new, changed = trial(**MANY)
    slow_down(b)
    b.run("cowboot mark-good", check=True)
    assert left(b) > changed * 9 / 10
    cut_power(b)
    is_merging(b, new)
    assert b.status()["phase"] == "merging"
    speed_up(b)
    b.run("cowboot merge --wait", check=True)
    is_merged(b, new)


def test_one_volume_is_merged_before_the_other(board, images, bundle):
    """A cut when one volume's store is empty and the other's is not: both are NEW."""
    old, new = images.pair(**MANY)
    vendor_old = images.volume()
    vendor_new = images.new(vendor_old, change=8)
    b = board(old, vendor=vendor_old)
    begin_trial(b, bundle(system=(old, new), vendor=(vendor_old, vendor_new)))
    slow_down(b)
    b.run("cowboot mark-good", check=True)

    def parts():
        return {v["name"]: v["exceptions_left"] for v in b.status()["volumes"]}
    wait_until(lambda: parts()["vendor"] == 0, "vendor is merged")
    assert parts()["system"]
    cut_power(b)
    is_merging(b, new)
    assert mapped(b) == {"system": "snapshot-merge", "vendor": "snapshot-merge"}
    assert b.digest("/dev/mapper/vendor") == image_digest(vendor_new)
    speed_up(b)
    b.run("cowboot merge --wait", check=True)
    is_merged(b, new)
    assert b.partition_digest("vendor") == image_digest(vendor_new)


def test_nobody_runs_merge(trial):
    """The boot proves nothing, and gives nothing back; the command does, whenever it comes."""
    b, _, new, changed = trial()
    b.run("cowboot mark-good", check=True)
    wait_until(lambda: left(b) == 0, "the kernel has merged it")
    status = b.status()
    assert (status["phase"], status["running"]) == ("merging", "merging")
    assert status["merge_percent"] == 100
    assert mapped(b) == {"system": "snapshot-merge"} and store_files(b) == ["system.store"]
    assert b.reboot() == "new"
    assert b.boot_json()["plan"] == {"persist": "mend", "map": "linear", "then": "boot"}
    assert log_lines(b, f"system: {changed} merged chunks are as they should be")
    assert store_files(b) == ["system.store"]
    code, out = b.cowboot("merge")
    assert code == 0 and "merged new, and not proven yet; cowboot merge --wait proves it\n" in out
    assert b.cowboot("merge --wait")[0] == 0
    assert b.status()["last"]["reason"] == "confirmed and merged"
    is_merged(b, new)


def fail_write(b, sector):
    """From the next start on, the first write to that sector of the disk fails."""
    b.disks[0].inject = [{"event": "none", "iotype": "write", "sector": sector, "errno": 5,
                          "once": True}]


def check_merge_failed(b, old, new):
    """Confirms, sees the merge fail, and that nothing touches the device until the reboot (I7)."""
    b.run("cowboot mark-good", check=True)
    wait_until(lambda: b.status()["volumes"][0]["trouble"], "the merge fails")
    assert b.status()["volumes"][0]["trouble"] == "Merge failed"
    frozen = b.digests("system", "cow")
    for verb in ("merge", "merge --wait", "mark-good", "mark-good --wait"):
        code, out = b.cowboot(verb)
        assert code == 1
        assert re.search(r'cannot merge system: the kernel says "Merge failed" \(see its log\); '
                         "reboot, the next boot merges on", out)
    assert mapped(b) == {"system": "snapshot-merge"}
    assert b.status()["phase"] == "merging"
    assert b.digests("system", "cow") == frozen
    assert frozen["system"] != image_digest(new)

    # The next boot reads the store afresh and merges on.
    assert b.reboot() == "new"
    is_merging(b, new)
    b.run("cowboot merge --wait", check=True)
    is_merged(b, new)


def first_change(old, new):
    """Where the first changed chunk lies."""
    a, b = old.read_bytes(), new.read_bytes()
    return next(at for at in range(0, len(a), 4096) if a[at:at + 4096] != b[at:at + 4096])


def test_a_write_to_the_volume_fails_while_merging(trial):
    b, old, new, _ = trial(store="cow")
    b.poweroff()
    fail_write(b, b.sector("system", first_change(old, new)))
    b.start()
    assert b.wait_up() == "new"
    check_merge_failed(b, old, new)


def test_a_write_to_the_stores_metadata_fails_while_merging(trial):
    """The kernel's trap: a resume after this would copy the store's header over the volume."""
    b, old, new, _ = trial(store="cow")
    b.poweroff()
    fail_write(b, b.sector("cow", 4096))
    b.start()
    assert b.wait_up() == "new"
    check_merge_failed(b, old, new)
