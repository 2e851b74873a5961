# SPDX-License-Identifier: MIT
"""Who may lose what by a failed flush: failing.py."""
from types import SimpleNamespace

import pytest

from export import Request
from failing import Board, Unheard
from rest import Bad, Mixed

SYSTEM, VENDOR = (4096, 8192), (16384, 4096)


def board(*requests, volumes=("system", "vendor")):
    b = Board.__new__(Board)
    b.want = {"new": dict.fromkeys(volumes)}
    b.machine = SimpleNamespace(parts={"system": SYSTEM, "vendor": VENDOR})
    b.requests = list(requests)
    return b


LOST = Request("lost", 8192, 4096, False)


@pytest.mark.parametrize("told", [["vendor"], []])
def test_lost_by_the_flush_of_another_merge(told):
    with pytest.raises(Unheard), board(LOST).told(told):
        raise Mixed("system", "system is neither")


def test_nobody_else_merges():
    with pytest.raises(Mixed), board(LOST, volumes=("system",)).told([]):
        raise Mixed("system", "system is neither")


@pytest.mark.parametrize("requests, told, volume", [
    ([LOST], ["system"], "system"),             # its own was told: it must merge on
    ([LOST], ["system", "vendor"], "system"),
    ([LOST], ["vendor"], "vendor"),             # nothing of it was lost
    ([], ["vendor"], "system"),                 # no flush has failed
    ([Request("write", 8192, 4096, True)], ["vendor"], "system"),
])
def test_is_no_excuse(requests, told, volume):
    with pytest.raises(Mixed), board(*requests).told(told):
        raise Mixed(volume, "neither")


def test_excuses_nothing_else():
    with pytest.raises(Bad, match="other"), board(LOST).told(["vendor"]):
        raise Bad("something other is wrong")
