# SPDX-License-Identifier: MIT
"""Is it enough to zero the magic of a store that is to be used again? What a kernel writes then,
and what it finds after a cut in the middle of that."""
from stores import SECTOR_BYTES, area, chunk, exact, header, image, per_area, store

CHUNK = 4096
CHUNKS, FULL = 16, per_area(CHUNK)
ENTRIES = [(2, 2), (3, 3), (5, 4)]
ZEROS = bytes(CHUNK)
NEW_HEADER = header().ljust(CHUNK, b"\0")
# What is laid over the first two chunks of a store that was in use; None leaves them.
STATES = {
    "nothing wiped": (None, None),
    "magic zeroed": (bytes(4), None),
    "kernel's new header, old area": (NEW_HEADER, None),
    "magic zeroed, area zeroed": (bytes(4), ZEROS),
    "header zeroed, area zeroed": (ZEROS, ZEROS),
    "kernel's new header, area zeroed": (NEW_HEADER, ZEROS),
}
COLUMNS = ["on the disk", "exceptions found", "not OLD in the snapshot"]


def found(guest):
    """How many exceptions a status of 4 KiB chunks tells, of less than an area."""
    return str(int(guest.status().split("/")[0]) // 8 - 2)


def test_what_a_wipe_leaves(guest, agree):
    rows = {}
    for name, wiped in STATES.items():
        origin, place = guest.put(image("OLD", CHUNKS)), guest.put(store(ENTRIES, 8))
        for at, data in enumerate(wiped):
            if data is not None:
                place.write(data, at * CHUNK)
        assert guest.snapshot(origin, place) == "ok"
        rows[name] = [found(guest), guest.unlike("OLD", CHUNKS)]
        guest.unmap()
    agree("reuse", COLUMNS, rows)


def used_before(place):
    """A store with a full area and three exceptions in the second, of chunks 300 to 302."""
    second = [(300 + i, FULL + 3 + i) for i in range(3)]
    place.write(NEW_HEADER + area([(n, 2 + n) for n in range(FULL)]))
    place.write(area(second), (FULL + 2) * CHUNK)
    for old, new in second:
        place.write(chunk("NEW", old), new * CHUNK)


def test_the_areas_behind_the_first(guest, agree):
    """A later area need not be wiped: the kernel zeroes it before the one before it is full."""
    rows = {}
    for written in (0, FULL - 1, FULL):
        origin = guest.put(image("OLD", 320))
        place = guest.place(exact(FULL + 3, CHUNK) * CHUNK)
        used_before(place)
        assert guest.snapshot(origin, place) == "ok"
        assert guest.look(300, 3) == [(300, 302, "NEW")]
        guest.unmap()
        place.write(ZEROS + ZEROS)
        assert guest.snapshot(origin, place) == "ok"
        assert not written or guest.fill(0, written) == "ok"
        guest.unmap()
        left = any(place.read(CHUNK, (FULL + 2) * CHUNK))
        assert guest.snapshot(origin, place) == "ok"
        runs = guest.look(0, 320)
        guest.unmap()
        assert runs == [(0, written - 1, "NEW")] * bool(written) + [(written, 319, "OLD")]
        rows[str(written)] = ["the old one" if left else "zeros", f"{written} exceptions"]
    agree("areas", ["written after the wipe", "second area on the disk", "mapped again"], rows)


# ---- what the kernel writes, in order ------------------------------------------------------------

FLUSH, FUA = 1, 2


def named(origin, place, entry):
    """A line of the disk's log: what it wrote, or that it is a flush."""
    start, length, flags = entry
    names = []
    if flags & FLUSH:
        names.append("flush")
    if length:
        at = start // SECTOR_BYTES
        if origin.sector <= at < origin.sector + origin.sectors:
            names.append("origin")
        else:
            number = (at - place.sector) // 8
            names.append({0: "header", 1: "area"}.get(number, "data"))
    return names + ["FUA"] * bool(flags & FUA)


def logged(guest, origin, place, seen):
    """What was written since so many entries: "header, area"; what repeats once."""
    names = [n for entry in guest.log_entries()[seen:]
             for n in named(origin, place, entry)]
    return ", ".join(n for i, n in enumerate(names) if not i or names[i - 1] != n) or "nothing"


def test_order_of_writes(guest, agree):
    """On one disk with a write cache, which keeps all of them in order; and at last on that of an
    origin alone."""
    origin = guest.put(image("OLD", CHUNKS), "logged")
    place = guest.place(8 * CHUNK, "logged")
    rows = {}

    def step(name, act):
        seen = len(guest.log_entries())
        act()
        rows[name] = [logged(guest, origin, place, seen)]

    def merge():
        assert guest.snapshot(origin, place, merge=True) == "ok"
        assert guest.merged() == "done"

    step("mapping a store with magic 0", lambda: guest.snapshot(origin, place))
    step("reading it", lambda: guest.unlike("OLD", CHUNKS))
    step("writing one chunk", lambda: guest.fill(3))
    guest.unmap()
    step("mapping it again", lambda: guest.snapshot(origin, place))
    guest.unmap()
    step("merging that chunk", merge)
    guest.unmap()
    place = guest.put(store(ENTRIES[2:], 8))
    step("merging a chunk from a store on another disk", merge)
    agree("writes", ["what is done", "what is written, in order"], rows)
