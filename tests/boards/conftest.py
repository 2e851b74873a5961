# SPDX-License-Identifier: MIT
"""Core scenarios that need a console and a power switch, and nothing else: through labgrid, on
whatever board its environment describes.

    make check-boards               in QEMU
    tests/boards/run NAME           in QEMU, one of them
    /usr/bin/python3 -m pytest tests/boards/core.py --lg-env FILE       on a real one: docs/porting.md

The disk is what tests/boards/mktestdisk makes. Each scenario starts from version 1, idle, and ends
there, so a real board's disk is written once.
"""
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "qemu"))
sys.dont_write_bytecode = True


class Board:
    """The board as a scenario sees it; boots of it are counted in versions that come up."""

    def __init__(self, strategy):
        self.strategy, self.shell = strategy, strategy.shell

    def power_cycle(self):
        """Cuts the power wherever the board is, and gives it again; the version that comes up."""
        self.strategy.transition("shell")
        return self.strategy.version

    def run(self, command, code=0, timeout_s=60):
        """The command's output; it has to end with this code."""
        got, out = self.shell.run(command, timeout_s)
        assert got == code, f"`{command}` ended with {got}, not {code}:\n{out}"
        return out

    def status(self):
        out = self.run("cowboot status --json")
        return json.loads(out[out.index("{"):])

    def reboot(self, boots=1):
        """An orderly reboot; the version that comes up, after so many boots at most."""
        self.shell.type("reboot")
        return self.shell.wait_up(boots)

    def digest(self, device="/dev/mapper/system"):
        return self.run(f"sha256sum {device}", timeout_s=120).split()[0]

    def merge(self):
        self.run("cowboot mark-good")
        self.run("cowboot merge --wait", timeout_s=180)


@pytest.fixture(scope="session")
def board(strategy):
    yield Board(strategy)
    strategy.transition("off")


@pytest.fixture
def idle(board):
    """The board, freshly booted, with nothing pending and version 1."""
    assert board.power_cycle() == "1"
    assert board.status()["phase"] == "idle"
    return board
