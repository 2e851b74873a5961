# SPDX-License-Identifier: MIT
"""A store that is full, with P and with PO: what fails, what is still read, what outlives it."""
from stores import image, store

CHUNKS = 6
STEPS = ["the write without room", "the status then", "reading a stored chunk",
         "reading another chunk", "writing a stored chunk", "reading the origin itself",
         "mapped again: the status", "mapped again: reading a stored chunk",
         "mapped again: writing a stored chunk", "mapped again: the next write without room"]


def word(guest, number, device="t"):
    return guest.look(number, 1, device)[0][2]


def overflow(guest, arg):
    """Chunks 0 and 1 are written and fill it, chunk 2 is one too many."""
    origin, place = guest.put(image("OLD", CHUNKS)), guest.put(store([], 4))
    assert guest.snapshot(origin, place, arg=arg) == "ok"
    assert guest.fill(0, 2) == "ok" and guest.status() == "32/32 16"
    answers = [guest.fill(2), guest.status(), word(guest, 0), word(guest, 3),
               guest.fill(1), word(guest, 2, "t-origin")]
    guest.unmap()
    assert guest.snapshot(origin, place, arg=arg) == "ok"
    answers += [guest.status(), word(guest, 0), guest.fill(1), guest.fill(2)]
    guest.unmap()
    return answers


def test_overflow(guest, agree):
    p, po = overflow(guest, "P"), overflow(guest, "PO")
    rows = {step: [p[n], po[n]] for n, step in enumerate(STEPS)}
    agree("overflow", ["what", "store with `P`", "store with `PO`"], rows)
