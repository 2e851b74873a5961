# SPDX-License-Identifier: MIT
"""data's file system is checked before it is mounted, by e2fsck or by the board's hook; whatever
comes of that, the board boots (I10), and no store of an update is touched (I3)."""
import struct
import subprocess

import pytest
from artefacts import BUILD, KERNEL
from board import image_digest
from steps import ended, log_lines

E2FSCK = {"bin/e2fsck": BUILD / "arm64/e2fsck"}
BLOCK = 4096
JOURNAL_MAGIC, COMMIT = 0xC03B3998, 2
TWO_GROUPS_MIB = 144            # a second superblock


def hook(script):
    return {"etc/cowboot/fsck": f"#!/bin/sh\n{script}\n"}


def tear_commit(b):
    """Leaves of the journal's last commit block what a disk leaves that writes one sector of it."""
    image = b.dir / "data.img"
    image.write_bytes(b.read_partition("data"))
    blocks = subprocess.run(["/sbin/debugfs", "-R", "blocks <8>", image], check=True, text=True,
                            capture_output=True).stdout.split()
    found = []
    with open(image, "rb") as f:
        for block in map(int, blocks):
            f.seek(block * BLOCK)
            magic, kind, number = struct.unpack(">III", f.read(12))
            if (magic, kind) == (JOURNAL_MAGIC, COMMIT):
                found.append((number, block))
    image.unlink()
    b.corrupt("data", max(found)[1] * BLOCK + 512, b"\x55" * (BLOCK - 512))


def tear_superblock(b):
    """Its second sector is not the one that its checksum was made for."""
    b.corrupt("data", 1024 + 1020, b"\x55" * 4)


def has_data(b):
    return b.run("mountpoint -q /data")[0] == 0


def said(b):
    """What was said of the check, without what e2fsck counts."""
    return [line.removeprefix("cowboot: ") for line in log_lines(b, "cowboot: (data|fsck|cannot mount)")]


def test_torn_journal(board):
    b = board(files=E2FSCK)
    assert said(b) == []            # it says itself that it is clean, and stays as it is (I11)
    b.run("echo kept > /data/user && sync", check=True)
    b.cut()
    tear_commit(b)
    b.start()
    assert b.wait_up() == "old"
    assert has_data(b)
    assert b.run("cat /data/user", check=True) == "kept\n"
    assert "data: its file system is mended" in said(b)


def test_torn_superblock_while_merging(at):
    """By force only, and so not before the merge is over."""
    p = at("merging", data_mib=TWO_GROUPS_MIB, files=E2FSCK)
    b = p.b
    tear_superblock(b)
    b.start()
    assert b.wait_up() == "new"
    assert not has_data(b)
    assert "data is not mended by force: an update may be pending, and its store may lie there" in said(b)
    b.run("cowboot merge --wait", check=True)
    assert b.status()["phase"] == "idle"
    assert b.reboot() == "new"
    assert has_data(b)
    assert "data: its file system is mended" in said(b)
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == b.partition_digest("system") == image_digest(p.new)


@pytest.mark.skipif(KERNEL == "5.10", reason="Debian's 5.10 has no i6300esb for arm64")
def test_hook_that_hangs(board):
    """It is ended, with all that it has started, and fed is the watchdog meanwhile."""
    b = board(files=hook("echo waits; sleep 1000 & exec sleep 1000"), watchdog="reset",
              conf="watchdog auto 10\ncheck-timeout 13\n")
    assert said(b) == ["fsck: waits", "data is not checked: /etc/cowboot/fsck took longer than 13 s, "
                       "and was ended"]
    assert has_data(b)
    assert (b.resets(), b.qmp.count("WATCHDOG")) == (0, 0)
    assert b.run("ps -A -o args")[1].count("sleep") == 0


HOOKS = {
    "crashes": ("kill -SEGV $$", ["data is not checked: /etc/cowboot/fsck was ended by signal 11"]),
    "fails": ("echo $*; exit 12", ["fsck: /dev/mapper/data ext4 rw", "data: errors are left in its file "
                                   "system (/etc/cowboot/fsck ended with code 12)"]),
    "is none": ("\0", ["data is not checked: cannot run /etc/cowboot/fsck"]),
}


@pytest.mark.parametrize("how", HOOKS)
def test_hook(board, how):
    script, lines = HOOKS[how]
    files = {"etc/cowboot/fsck": "neither"} if how == "is none" else hook(script)
    b = board(files=files)
    assert said(b) == lines
    assert has_data(b)


