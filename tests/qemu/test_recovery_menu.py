# SPDX-License-Identifier: MIT
"""The menu of recovery, driven over the serial line: what it says, and every choice that needs no
stick. A volume is never mapped by its origin alone while it merges (I3), nothing is written over
what cannot be read without being told to (I4), and what is booted after is OLD or NEW (I12)."""
import pytest
from board import image_digest
from menus import choose, offered, refused, screen
from ondisk import damage_both
from points import recovery_mapped
from steps import ended, store_files
from test_install import begin_install

ASKED = {"conf": "recovery menu\n", "append": "cowboot.recovery"}
ALWAYS = {"again", "logs", "save", "shell", "reboot", "poweroff"}
NO_RECORD = {"revert", "merge", "install", "image"}
HOOK = '#!/bin/sh\necho "hook: $1 $2 $3"\n'


def asked_at(at, point, **options):
    """A board at that point of an update's life, which the next boot's parameters ask for recovery."""
    p = at(point, conf="recovery menu\n", **options)
    p.b.append += " cowboot.recovery"
    return p


def at_shell(b, command):
    """Runs something in the menu's shell, and leaves that."""
    b.type("shell\r")
    b.wait_for("qemu-virt recovery# ")
    out = b.console_run(command)
    b.type("exit\r")
    screen(b)
    return out


def test_again_in_the_same_kernel(board):
    """It boots without a reboot, and is not led back by the parameter that asked."""
    b = board(boot=False, **ASKED)
    before = b.digests("meta", "system")
    b.start()
    text = screen(b)
    assert "No system was started: recovery was asked for." in text
    assert "No update is pending." in text
    assert "Another boot would start a system: no update was ever installed." in text
    assert offered(text) == ALWAYS | {"install", "image"}
    assert set(refused(text)) == {"revert", "merge", "check"}
    b.type("1\r")
    assert b.wait_up() == "old"
    assert b.resets() == 0
    assert b.status()["running"] == "confirmed"
    assert b.digests("meta", "system") == before
    # What the recovery left is gone with it: this is a system that runs.
    assert b.run("ls /run/cowboot/recovery")[0] != 0
    assert b.cowboot("recovery")[0] == 3
    # And the console says again what the kernel has to say: recovery shows emergencies only.
    assert b.run("cut -f 1 /proc/sys/kernel/printk", check=True).strip() == "4"


def test_words_and_numbers(board):
    b = board(boot=False, **ASKED)
    b.start()
    screen(b)
    b.type("nonsense\r")
    b.wait_for('There is no choice "nonsense"')
    b.type("0\r")
    b.wait_for('There is no choice "0"')
    b.type("12\r")
    b.wait_for(r"Not now: the record can be read\.")
    b.type("merge\r")
    b.wait_for(r"Not now: no confirmed update is pending\.")
    b.type("\r")
    screen(b)


def test_reboot_and_power_off(board):
    b = board(boot=False, **ASKED)
    b.start()
    screen(b)
    b.type("reboot\r")
    b.wait_reset()
    screen(b)
    b.type("poweroff\r")
    b.process.wait(60)


def test_shell_and_back(board):
    b = board(boot=False, **ASKED)
    b.start()
    screen(b)
    tools = "blkid mount umount dd sha256sum vi dmesg ip ifconfig wget nc ls cat cowboot"
    code, out = at_shell(b, f"which {tools}")
    assert code == 0
    assert out.split() == [f"/bin/{tool}" for tool in tools.split()]
    assert at_shell(b, "mount | grep /mnt/data")[0] == 0


def test_a_menu_that_dies_comes_again(board):
    b = board(boot=False, **ASKED)
    b.start()
    screen(b)
    b.type("shell\r")
    b.wait_for("recovery# ")
    b.type("kill -9 $(pgrep -f 'cowboot recovery')\r")
    screen(b)
    assert b.resets() == 0


def test_revert_a_trial(at):
    p = asked_at(at, "tried")
    before = p.b.partition_digest("system")
    p.b.start()
    text = screen(p.b)
    assert "The update ? -> new is installed and not confirmed; 2 of 3 tries are left." in text
    assert "The old system is whole on the disk." in text
    assert {"install", "merge"} <= set(refused(text))
    p.b.type("revert\r")
    p.b.wait_for("The pending update is lost; the board goes back to the old system.")
    p.b.type("yes\r")
    p.b.wait_for("Nothing was done.")
    screen(p.b)
    assert "reboot to go back" in choose(p.b, "revert", "revert")
    text = screen(p.b)
    assert "It was refused (reverted in recovery): the next boot goes back." in text
    p.b.type("again\r")
    assert p.b.wait_up() == "old"
    assert ended(p.b)[::2] == ("reverted", "new")
    assert "reverted in recovery" in p.b.status()["last"]["reason"]
    assert p.b.partition_digest("system") == before == image_digest(p.old)


def test_drop_an_install_that_was_cut(board, images, bundle):
    old, new = images.pair()
    b = board(old, conf="recovery menu\n")
    begin_install(b, bundle(system=(old, new)).read_bytes())
    b.cut()
    b.append += " cowboot.recovery"
    b.start()
    text = screen(b)
    assert "An install of new was cut. The system is as it was." in text
    assert "cancelled new: nothing is pending" in choose(b, "revert")
    assert "No update is pending." in screen(b)
    b.type("again\r")
    assert b.wait_up() == "old"
    assert ended(b)[::2] == ("cancelled", "new")
    assert store_files(b) == []


@pytest.mark.parametrize("store", ["file", "cow"])
def test_finish_a_merge(at, store):
    """Without a boot of the system; and before that no way shows the origin alone."""
    p = asked_at(at, "merging", store=store)
    p.b.start()
    text = screen(p.b)
    assert "The update ? -> new is confirmed and being merged." in text
    assert "the new one is whole only together with its stores" in text
    assert {"revert", "install", "image"} <= set(refused(text))
    assert refused(text)["revert"] == "the update is confirmed, there is no way back"
    assert "system" not in at_shell(p.b, "ls /dev/mapper")[1].split()
    assert "merged new: it is the system now" in choose(p.b, "merge", timeout=180)
    text = screen(p.b)
    assert "No update is pending." in text and "was merged: confirmed and merged." in text
    assert p.b.partition_digest("system") == image_digest(p.new)
    p.b.type("again\r")
    assert p.b.wait_up() == "new"
    assert ended(p.b)[::2] == ("merged", "new")


def test_a_damaged_store_is_not_merged(at):
    p = at("merging", store="cow", conf="recovery menu\n")
    p.b.corrupt("cow", 0, bytes(4096))
    before = p.b.digests("meta", "system", "cow")
    p.b.start()
    text = screen(p.b)
    why = "a store is damaged, and its merge has begun"
    assert f"No system was started: {why}." in text
    assert "the store of system cannot be used" in text
    assert refused(text)["merge"] == why
    assert "image" in offered(text)
    p.b.type("again\r")
    assert why in screen(p.b)
    p.b.type("shell\r")
    p.b.wait_for("recovery# ")
    assert "system" not in recovery_mapped(p.b)
    p.b.cut()
    assert p.b.digests("meta", "system", "cow") == before


def test_a_new_record(board):
    """Only after a word, and with what may be lost; nothing is written before."""
    b = board(conf="recovery menu\n", boot=False)
    damage_both(b)
    before = b.digests("meta", "system")
    b.start()
    text = screen(b)
    assert "copy A is damaged or unreadable, copy B is damaged or unreadable" in text
    assert "An update may be pending, or half merged." in text
    assert offered(text) == ALWAYS | {"anew"}
    assert {refused(text)[w] for w in NO_RECORD} == {"the record cannot be read"}
    b.type("anew\r")
    b.wait_for("If an update was pending, it is lost.")
    b.type("y\r")
    b.wait_for("Nothing was done.")
    screen(b)
    assert b.digests("meta", "system") == before
    assert "There is a new record" in choose(b, "anew", "anew")
    assert "No update is pending." in screen(b)
    b.type("again\r")
    assert b.wait_up() == "old"
    assert b.status()["phase"] == "idle"


def test_a_new_record_over_a_pending_update(at):
    """A store on data tells that there was one."""
    p = at("trial", conf="recovery menu\n")
    damage_both(p.b)
    p.b.start()
    screen(p.b)
    p.b.type("anew\r")
    p.b.wait_for("There is a store, so an update was pending.")
    p.b.wait_for("to do it: ")
    p.b.type("anew\r")
    p.b.wait_for("Enter goes on: ")
    p.b.type("\r")
    screen(p.b)
    p.b.type("reboot\r")
    assert p.b.wait_up() == "old"
    assert p.b.digest() == image_digest(p.old)
    assert store_files(p.b) == []


def test_without_meta(board):
    b = board(conf="meta PARTLABEL=gone\ndevice-timeout 1\nrecovery menu\n", boot=False)
    before = b.digests("meta", "system")
    b.start()
    text = screen(b)
    assert "Its partition is not there. An update may be pending, or half merged." in text
    assert offered(text) == ALWAYS
    assert {refused(text)[w] for w in NO_RECORD} == {"the record's partition is not there"}
    b.cut()
    assert b.digests("meta", "system") == before


def test_without_data(at):
    """A merge is finished all the same when the stores are elsewhere."""
    p = asked_at(at, "merging", store="cow")
    p.b.corrupt("data", 0, bytes(8192))
    p.b.start()
    text = screen(p.b)
    assert "data is not mounted." in text
    assert "merged new: it is the system now" in choose(p.b, "merge", timeout=180)
    assert p.b.partition_digest("system") == image_digest(p.new)


def test_check_file_systems(board):
    """What stands in /etc/cowboot/fsck is asked: volumes for reading only, data with repair."""
    b = board(boot=False, files={"etc/cowboot/fsck": HOOK}, **ASKED)
    b.start()
    assert "check" in offered(screen(b))
    out = choose(b, "check")
    assert "hook: /dev/mapper/system ext4 ro" in out
    assert "hook: /dev/mapper/data ext4 rw" in out
    assert out.count(": sound (code 0)") == 2
    screen(b)
    assert at_shell(b, "mount | grep /mnt/data")[0] == 0
    b.type("again\r")
    assert b.wait_up() == "old"


def test_show_the_logs(board):
    b = board(boot=False, **ASKED)
    b.start()
    screen(b)
    out = choose(b, "logs")
    assert "cowboot: cowboot-init" in out
    assert "cowboot: recovery: recovery was asked for" in out
    assert "no panic of an earlier boot is kept" in out
