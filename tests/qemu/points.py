# SPDX-License-Identifier: MIT
"""Points in an update's life to start a scenario from: a board that is off, on disks that another
test of this session may have brought there. And boards that end in the recovery.

    def test_x(at):
        p = at("merging", store="cow")
        p.b.corrupt("cow", 0, bytes(4096))
        reason = recovery_after_start(p.b)

idle        the first update was cancelled: the record is idle, and not for the first time
trial       installed, not booted yet: all tries are left
tried       booted once, not confirmed, and switched off: one try is spent
merging     confirmed; the power was cut half way through the merge
"""
import fcntl
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from artefacts import BUILD
from board import Board
from menus import PROMPT
from steps import begin_trial, free_blocks, slow_down, wait_merging
from tiny.image import changed_chunks
from up import copy_disk


@dataclass
class Point:
    b: Board
    old: Path
    new: Path
    changed: int        # chunks of 4 KiB
    free: int           # blocks of data before the install


def _go_to_idle(b, update, _):
    assert b.install(update)[0] == 4
    b.run("cowboot cancel", check=True)
    b.poweroff()


def _go_to_trial(b, update, _):
    assert b.install(update)[0] == 4
    b.poweroff()


def _go_to_tried(b, update, _):
    begin_trial(b, update)
    b.poweroff()


def _go_to_merging(b, update, changed):
    begin_trial(b, update)
    slow_down(b)
    b.run("cowboot mark-good", check=True)
    wait_merging(b, changed)
    b.cut()


GO = {"idle": _go_to_idle, "trial": _go_to_trial, "tried": _go_to_tried, "merging": _go_to_merging}
MANY = {"change": 300, "spread": "scattered"}
DIFFERENCE = {"idle": {"change": 8}, "tried": MANY, "merging": MANY}


@pytest.fixture(scope="session")
def kept():
    """A folder of all that run the tests of this session: disks of the points, boards that are up."""
    where = disks_of(os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid())
    where.mkdir(parents=True, exist_ok=True)
    return where


def disks_of(session):
    """The folder for that; the process that began the session removes it at its end (conftest.py)."""
    return BUILD / f"tests/points-{session}"


def _conf_on_the_way(conf):
    """What recovery is to do is nothing that any of the points leads through."""
    return "".join(line for line in conf.splitlines(keepends=True) if line.split()[:1] != ["recovery"])


@pytest.fixture
def at(board, images, bundle, kept):
    """at(POINT, **options of board): a Point, its board off."""
    def go(point, way, old, new, where):
        """Brings disks there; nobody sees a folder that lacks any of them."""
        p = Point(board(old, **way), old, new, 0, 0)
        p.b.run("mkdir -p /data/cowboot", check=True)
        free, changed = free_blocks(p.b), changed_chunks(old.read_bytes(), new.read_bytes())
        GO[point](p.b, bundle(system=(old, new)), changed)
        fresh = where.with_name(f"new-{where.name}")
        fresh.mkdir()
        for n, image in enumerate(p.b.images):
            copy_disk(image, fresh / str(n))
        (fresh / "known").write_text(json.dumps([changed, free]))
        fresh.rename(where)

    def make(point, **options):
        old, new = images.pair(**DIFFERENCE.get(point, {}))
        # A log shall begin here, not with the way to here.
        way = {k: v for k, v in options.items() if k != "log"}
        way["conf"] = _conf_on_the_way(way.get("conf", ""))
        where = kept / hashlib.sha256(f"{point} {way}".encode()).hexdigest()[:16]
        with open(where.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not where.exists():
                go(point, way, old, new, where)
        b = board(old, boot=False, **options)
        for n, image in enumerate(b.images):
            copy_disk(where / str(n), image)
        return Point(b, old, new, *json.loads((where / "known").read_text()))

    return make


# ---- recovery -----------------------------------------------------------------------------------

def recovery_after_start(b, timeout=40):
    """Starts a board that ends in recovery, and goes on to its shell: the menu's one where the
    configuration, and with it the tests' `recovery shell`, cannot be used; the reason on the
    screen."""
    b.start()
    reason = b.wait_for(r"No system was started: (.*)\.\r?\n", timeout).group(1).decode()
    if b.wait_for(f"recovery# |{PROMPT}", timeout).group() != b"recovery# ":
        b.type("shell\r")
        b.wait_for("recovery# ", timeout)
    return reason


def recovery_log(b):
    """What cowboot has said in this boot, by the shell of the recovery."""
    code, out = b.console_run("dmesg | grep cowboot:")
    assert code == 0, out
    return re.sub(r"(?m)^.*?cowboot: ", "", out)


def recovery_mapped(b):
    """The names of all mapped devices, in the recovery."""
    return set(b.console_run("ls /dev/mapper")[1].split()) - {"control"}
