# SPDX-License-Identifier: MIT
"""Requests to the disk that fail once, each of which ended a boot in the recovery before.
tests/crash/errors fails every one."""
import subprocess

import pytest
from board import image_digest
from steps import ended, log_lines


def fails_once(sector):
    return [{"event": "none", "iotype": "read", "sector": sector, "errno": 5, "once": True}]


def is_idle(b):
    status = b.status()
    assert (status["phase"], status["running"]) == ("idle", "confirmed")


def test_the_partition_table_cannot_be_read_at_first(board):
    """The kernel reads it once, and says that there are no partitions: it is asked again (I10)."""
    b = board(inject=fails_once(1))
    assert log_lines(b, "I/O error, dev vda, sector 0 ")
    assert log_lines(b, "cowboot: /dev/vda has no partitions: its table is read again")
    is_idle(b)


def directory_block(image, path):
    out = subprocess.run(["/sbin/debugfs", "-R", f"blocks {path}", image], text=True, check=True,
                         capture_output=True).stdout
    return int(out.split()[0])


@pytest.mark.parametrize("what", ["superblock", "directory"])
def test_the_root_cannot_be_read_at_first(board, images, what):
    """There is no other system to go to, so it is mounted and looked at once more (I10)."""
    at = 1024 if what == "superblock" else directory_block(images.old(), "/sbin") * 4096
    b = board(boot=False)
    sector = b.sector("system", at)
    b.disks[0].inject = fails_once(sector)
    b.start()
    assert b.wait_up() == "old"
    assert log_lines(b, f"I/O error, dev vda, sector {sector // 8 * 8 if at > 1024 else sector} ")
    is_idle(b)


def test_the_store_cannot_be_looked_at_at_first(at, tmp_path):
    """Amid a merge there is no way back, so a store is looked at once more before the recovery."""
    p = at("merging")
    b, data = p.b, tmp_path / "data.img"
    data.write_bytes(b.read_partition("data"))
    sector = b.sector("data", directory_block(data, "/") * 4096)
    b.disks[0].inject = fails_once(sector)
    b.start()
    assert b.wait_up() == "new"
    assert log_lines(b, f"I/O error, dev vda, sector {sector} ")
    assert b.boot_json()["plan"]["map"] == "merge"
    b.run("cowboot merge --wait", check=True)
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == b.partition_digest("system") == image_digest(p.new)
