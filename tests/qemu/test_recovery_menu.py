# SPDX-License-Identifier: MIT
"""The menu of recovery, over the serial line."""
import pytest

PROMPT = r"number or word\? "


def menu(b, timeout=60):
    """Waits for the menu; the screen's text."""
    m = b.wait_for(r"(?s)\*\*\* cowboot: recovery \*\*\*(.*?)" + PROMPT, timeout)
    return m.group(1).decode(errors="replace").replace("\r", "")


def test_try(board):
    b = board(append="cowboot.recovery", conf="recovery menu\n", boot=False)
    b.start()
    print(menu(b))
    b.type("again\r")
    assert b.wait_up() == "old"
