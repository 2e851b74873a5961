# SPDX-License-Identifier: MIT
"""Requests to the disk that fail once, each of which ended a boot before. tests/crash/errors fails
every one."""
from steps import log_lines


def test_the_partition_table_cannot_be_read_at_first(board):
    """The kernel reads it once, and says that there are no partitions: it is asked again (I10)."""
    fails = {"event": "none", "iotype": "read", "sector": 1, "errno": 5, "once": True}
    b = board(inject=[fails])
    assert log_lines(b, "vda: unable to read partition table|I/O error, dev vda")
    assert log_lines(b, "cowboot: /dev/vda has no partitions: its table is read again")
    assert b.status()["phase"] == "idle" and b.status()["running"] == "confirmed"
