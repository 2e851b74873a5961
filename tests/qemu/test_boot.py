# SPDX-License-Identifier: MIT
"""Idle boots: the root comes up through init, everything is handed over, and no disk is written (I8, I11)."""
from board import image_digest

FIXED = ("boot_a", "boot_b", "meta", "system")


def test_idle_boot_writes_nothing(board, images):
    b = board(log=True, boot=False)
    before = b.digests(*FIXED)
    b.start()
    assert b.wait_up() == "old"
    assert b.status()["phase"] == "idle"
    assert b.digest() == image_digest(images.old())
    b.poweroff()
    assert b.digests(*FIXED) == before
    # data is mounted read-write, and ext4 notes that in its superblock and journal. That is all that may be written.
    assert {w.label for w in b.writes()} <= {"data"}


def test_idle_boot_hands_everything_over(board):
    b = board()
    mounts = {
        line.split()[1]: line.split() for line in b.run("cat /proc/mounts", check=True).splitlines()
    }
    assert mounts["/"][0].startswith("/dev/mapper/") and mounts["/"][3].split(",")[0] == "ro"
    assert (
        mounts["/data"][0].startswith("/dev/mapper/") and mounts["/data"][3].split(",")[0] == "rw"
    )
    assert {"/dev", "/proc", "/sys", "/run"} <= mounts.keys()
    assert [m for m in mounts if m.startswith(("/mnt", "/root", "/initramfs"))] == []
    # Nothing of the first stage is left: no process but the root's own and the kernel's, no descriptor in PID 1 but
    # its console, and what the tiny init has opened itself (signals, the channel, this command's pipe and handle).
    programs = b.run("find /proc -maxdepth 2 -name exe -exec readlink {} ';' 2>/dev/null")[
        1
    ].split()
    assert set(programs) == {"/sbin/init", "/bin/toybox"}
    assert len(b.run("ls /proc/1/fd", check=True).split()) == 3 + 4
    assert b.boot_json()["phase"] == "idle"
