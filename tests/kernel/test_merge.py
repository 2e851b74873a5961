# SPDX-License-Identifier: MIT
"""A merge whose metadata write fails once: what the device is then, what resuming it does, and
what mapping it anew does, as after a reboot."""
from guest import FAULTS
from steps import wait_until
from stores import image, store

CHUNKS = 8
ENTRIES = [(2, 2), (3, 3), (5, 4)]
COLUMNS = ["after the failed write", "status", "not OLD in the device", "not OLD in the origin"]


def answers(guest):
    return [guest.merged(), guest.unlike("OLD", CHUNKS), guest.unlike("OLD", CHUNKS, "t-origin")]


def failed_merge(guest, sector):
    """A merge whose first write to the store's area fails, at rest."""
    origin = guest.put(image("OLD", CHUNKS))
    place = guest.put(store(ENTRIES, 8), "faulty")
    assert place.sector + 8 == sector
    assert guest.snapshot(origin, place, merge=True) == "ok"
    wait_until(lambda: guest.status() == "Merge failed", "the merge fails")
    return origin, place


def test_failed_merge(guest, agree):
    """The faulty disk fails one write at each of two places: one for each way on."""
    rows = {}
    origin, place = failed_merge(guest, FAULTS[0])
    rows["nothing"] = answers(guest)
    guest.unmap()
    assert guest.snapshot(origin, place, merge=True) == "ok"
    rows["removed and mapped anew"] = answers(guest)
    guest.unmap()
    failed_merge(guest, FAULTS[1])
    guest.must("suspend", "t")
    guest.must("resume", "t")
    wait_until(lambda: guest.look(0, 1, "t-origin") != [(0, 0, "OLD")], "the merge goes on")
    rows["suspended and resumed"] = answers(guest)
    agree("failed-merge", COLUMNS, rows)
