# SPDX-License-Identifier: MIT
"""Where no boot is left: the console says why and gives a shell that works; nothing was written
where nothing could be decided; leaving the shell starts the board again (I3, I4, I10)."""
import random
import re

import pytest
from artefacts import configuration
from board import image_digest
from menus import offered, refused, screen
from points import recovery_after_start
from steps import limit_disk

COPIES = (0, 512 * 1024)        # where the record's two copies are on meta


def check_shell(b, reason):
    """The reason is on the screen, and the shell runs the tools of the initramfs."""
    b.wait_for(r"\*\*\* cowboot: recovery \*\*\*")
    b.wait_for(r"No system was started: " + reason)
    b.wait_for("recovery# ")
    code, out = b.console_run("echo here; readlink /proc/$$/exe; test -e /etc/cowboot.conf")
    assert (code, out) == (0, "here\n/bin/toybox\n")
    assert b.console_run("false")[0] == 1
    assert b.console_run("ls /dev/mapper")[1].split() in (["control"], ["control", "data"], [])


def leave(b, reason):
    """`exit` starts the board again, and it ends where it ended."""
    b.type("exit\r")
    b.wait_reset()
    check_shell(b, reason)


def test_both_copies_damaged(board):
    b = board(boot=False)
    for at in COPIES:
        b.corrupt("meta", at, random.Random(at).randbytes(4096))
    before = b.digests("meta", "system")
    b.start()
    reason = r"the record is damaged: whether a merge has begun is not known\."
    check_shell(b, reason)
    why = "copy A is damaged or unreadable, copy B is damaged or unreadable"
    assert why in b.console_run("dmesg | grep cowboot")[1]
    leave(b, reason)
    assert b.resets() == 1
    assert b.digests("meta", "system") == before


def test_meta_missing(board):
    b = board(conf="meta PARTLABEL=gone\ndevice-timeout 1\n", boot=False)
    before = b.digests("meta", "system")
    b.start()
    check_shell(b, r"the meta partition is missing: whether a merge has begun is not known\.")
    assert "no partition PARTLABEL=gone" in b.console_run("dmesg | grep cowboot")[1]
    assert b.digests("meta", "system") == before


def test_volume_missing(board):
    b = board(conf="volume system PARTLABEL=gone / ext4 ro\ndevice-timeout 1\n", boot=False)
    b.start()
    check_shell(b, r"a volume's partition is missing\.")


def test_neither_system_starts(board, images, bundle):
    """The new one goes back in the boot that tried it, and then the old one fails as well: the
    record knows of the first, the screen tells of the second, and claims nothing that is not so."""
    old, new = images.pair()
    b = board(old)
    assert b.install(bundle(system=(old, new)))[0] == 4
    b.poweroff()
    usual, b.append = b.append, b.append + " init=/sbin/nothing"
    before = b.partition_digest("meta")
    b.start()
    check_shell(b, r"the system cannot be started\.")
    assert b.partition_digest("meta") != before
    assert "Nothing has been written" not in b.serial.text()
    b.cut()
    b.append = usual
    b.start()
    assert b.wait_up() == "old"
    last = b.status()["last"]
    assert last["result"] == "reverted"
    assert last["reason"].startswith("the new system has no init that can be started: cannot find "
                                     "/sbin/nothing in the new root")
    assert b.digest() == image_digest(old)


BAD = [
    ("unknown", "colour blue\n", "unknown key 'colour'"),
    ("unreadable", "tries \1\n",
     "more than 8 words or 511 bytes, or a control character"),
    ("contradictory", "volume vendor PARTLABEL=meta /vendor ext4 ro\n",
     r"PARTLABEL=meta is in use already, on line \d+"),
]


@pytest.mark.parametrize("conf, why", [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_configuration(board, conf, why):
    """The line that is wrong is on the screen, with its number; nothing on the disks is known, so
    the menu offers nothing that would need them, but a shell."""
    lines = configuration(conf, None, "file", None).splitlines()
    last = len(lines)
    assert lines[-1] == conf.splitlines()[-1]
    b = board(conf=conf, boot=False)
    b.start()
    text = screen(b)
    assert re.search(f"No system was started: cannot use /etc/cowboot.conf: line {last}: {why}", text)
    assert offered(text) == {"again", "logs", "save", "shell", "reboot", "poweroff"}
    assert refused(text)["image"] == "the board's configuration cannot be used"
    b.type("shell\r")
    b.wait_for("recovery# ")
    assert b.console_run("test -e /etc/cowboot.conf")[0] == 0
    assert b.resets() == 0


def test_dead_disk_keeps_no_reboot(board):
    """What is not written yet would be waited for, for ever: unmounting, and sync before the reboot."""
    b = board(boot=False, append="cowboot.recovery")
    recovery_after_start(b)
    b.console_run("echo unwritten > /mnt/data/x")
    limit_disk(b, bps=1)
    b.type("exit\r")
    b.wait_reset(60)
    b.cut()
