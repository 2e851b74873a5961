# SPDX-License-Identifier: MIT
"""The kernel command line: parameters keep their usual meaning, the board's own override its
configuration where it allows that, and what is not known is warned about, never refused."""
import uuid

from board import image_digest
from disk import NAMESPACE
from steps import ended, free_blocks, log_lines


LONG = "x" * 240         # a line of the log that was longer than init's buffer


def passed_over(b):
    """[(parameter, why not)] of what init warned about."""
    lines = [line.split("passed over ", 1)[1] for line in log_lines(b, "passed over ")]
    return [tuple(line.split(" on the kernel command line: ")) for line in lines]


def test_root(board, images):
    """root= in place of the configured partition, by label or by PARTUUID."""
    conf = "volume system PARTLABEL=gone / ext4 ro\n"
    part = uuid.uuid5(NAMESPACE, "part/system")
    b = board(conf=conf, append=f"root=PARTUUID={part} rootfstype=ext4 rootwait ro")
    assert b.digest() == image_digest(images.old()) and passed_over(b) == []
    assert f"# root=PARTUUID={part}\n" in b.run("cat /run/cowboot/cowboot.conf", check=True)


def test_init(board):
    b = board(append="init=/bin/sh", boot=False)
    b.start()
    b.wait_for("[#$] ")
    assert b.console_run("readlink /proc/1/exe; mount | grep -c ' / '") == (0, "/bin/toybox\n1\n")


def test_init_that_is_missing(board):
    """On the confirmed system there is nothing behind it."""
    b = board(append="init=/sbin/nothing", boot=False)
    b.start()
    b.wait_for(r"No system was started: the system cannot be started\.")
    assert "cannot find /sbin/nothing in the new root" in b.console_run("dmesg | grep cowboot")[1]


def test_tries(board, images, bundle):
    """cowboot.tries=1: a new system whose init ends at once gets one try."""
    old, new = images.pair(behave="exit")
    b = board(old, append="cowboot.tries=1")
    before = free_blocks(b)
    assert b.install(bundle(system=(old, new))) == (4, "installed new: reboot to try it (1 try)\n")
    assert b.reboot() == "old"
    assert b.resets() == 1 + 1
    assert ended(b)[::2] == ("reverted", "new")
    assert b.digest() == b.partition_digest("system") == image_digest(old)
    assert free_blocks(b) in (before, before - 1)     # the folder of the stores stays


def test_parameters_that_cannot_be_used(board):
    """root= may not turn cowboot's own partitions into a root, nothing makes a volume writable, and
    ours must be known; all others are the kernel's and the root's."""
    b = board(append="root=PARTLABEL=data rw rootflags=rw cowboot.colour=blue cowboot.tries=many "
                     f"colour=blue cowboot root=/dev/{LONG}")
    assert passed_over(b) == [
        ("root=PARTLABEL=data", "the board uses that partition for something else"),
        ("rw", "volumes that bundles replace are mounted read-only"),
        ("rootflags=rw", "cannot use rw: volumes that bundles replace are mounted read-only"),
        ("cowboot.colour=blue", "there is no such parameter"),
        ("cowboot.tries=many", "cannot use many: not a number from 1 to 100"),
        (f"root=/dev/{LONG}", f"cannot use /dev/{LONG[:27]}...: longer than 95 bytes")]
    assert " / ext4 ro," in b.run("grep system /proc/mounts", check=True)
    assert "tries" not in b.run("cat /run/cowboot/cowboot.conf", check=True)


def test_overrides_no(board):
    b = board(conf="overrides no\n", append="cowboot.tries=1 cowboot.recovery=poweroff")
    why = "the board's configuration says overrides no"
    assert passed_over(b) == [("cowboot.tries=1", why), ("cowboot.recovery=poweroff", why)]
    assert "tries" not in b.run("cat /run/cowboot/cowboot.conf", check=True)


def test_recovery_asked_for(board):
    b = board(append="cowboot.recovery", boot=False)
    b.start()
    b.wait_for(r"No system was started: recovery was asked for\.")
    assert b.console_run("true")[0] == 0
