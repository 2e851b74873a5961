# SPDX-License-Identifier: MIT
"""What a kernel makes of exceptions out of bounds, doubled, or too large for its memory's idea of
them; and what cowboot says of the same bytes."""
import re

from steps import wait_until
from stores import chunk, image, store
from stream import Gone, Timeout

CHUNKS, STORE_CHUNKS = 16, 8
COUNT = 1 << 56         # above it, in memory, the kernel keeps how long a run is
ENTRIES = {
    "sound": [(2, 2), (3, 3), (5, 4)],
    "sound, descending": [(5, 2), (3, 3), (2, 4)],
    "old chunk just beyond the origin": [(2, 2), (16, 3)],
    "old chunk one further": [(2, 2), (17, 3)],
    "old chunk 2^60": [(2, 2), (1 << 60, 3)],
    "new chunk just beyond the store": [(2, 2), (5, 8)],
    "new chunk 2^50": [(2, 2), (5, 1 << 50)],
    "new chunk is the first area": [(2, 2), (5, 1)],
    "one old chunk twice": [(2, 2), (5, 3), (5, 4)],
    "one old chunk twice, the last of all": [(5, 3), (5, 4), (2, 2)],
    "one new chunk twice": [(2, 2), (5, 2)],
    "new chunk 2^56 + 3": [(2, 2), (5, COUNT + 3)],
    "an exception behind the end": [(2, 2), (0, 0), (5, 3)],
}
# Data of stores in which more than one exception speaks for a chunk, or one for more.
DATA = {
    "one old chunk twice": {3: chunk("FIRST", 5), 4: chunk("SECOND", 5)},
    "one old chunk twice, the last of all": {3: chunk("FIRST", 5), 4: chunk("SECOND", 5)},
    "new chunk 2^56 + 3": {3: chunk("NEW", 5), 4: chunk("NEW", 6)},
}
PARTS = {
    "kernel": ["snapshot", "not OLD in it", "snapshot-merge", "not OLD in the origin"],
    "check": ["`cowboot store check`"],
}
COLUMNS = ["exceptions", *(column for part in PARTS.values() for column in part)]
FATAL_PARTS = {"kernel": ["loading the table"], "check": ["`cowboot store check`"]}
FATAL = [(10, 255 * COUNT + 5), (9, 4)]


def bytes_of(name):
    return store(ENTRIES[name], STORE_CHUNKS, data=DATA.get(name))


def tried(guest, name, merge):
    """(what the device says, what it holds or what the merge left in the origin)"""
    origin = guest.put(image("OLD", CHUNKS))
    said = guest.snapshot(origin, guest.put(bytes_of(name)), merge=merge)
    assert said == "ok"
    said = guest.merged() if merge else guest.status()
    held = guest.unlike("OLD", CHUNKS, "t-origin" if merge else "t")
    guest.unmap()
    beyond = origin.read(4096, CHUNKS * 4096)
    assert not any(beyond), "the merge wrote behind the origin"
    return said, held


def test_entries(guest, agree, check):
    rows = {}
    for name in ENTRIES:
        rows[name] = [*tried(guest, name, False), *tried(guest, name, True),
                      check(bytes_of(name), CHUNKS * 4096)]
    agree("entries", COLUMNS, rows, PARTS)


def test_what_lies_behind_the_end_comes_alive(guest):
    """It is unseen, until one write to the snapshot takes the place of the end."""
    origin = guest.put(image("OLD", CHUNKS))
    place = guest.put(bytes_of("an exception behind the end"))
    assert guest.snapshot(origin, place) == "ok"
    assert guest.unlike("OLD", CHUNKS) == "2 NEW"
    assert guest.fill(9) == "ok"
    guest.unmap()
    assert guest.snapshot(origin, place) == "ok"
    assert guest.unlike("OLD", CHUNKS) == "2 NEW, 5 NEW@9, 9 NEW"


def fate(guest, command):
    """What a command does to the kernel: that it lives, or where it died."""
    try:
        guest.run(command, timeout=20)
        return "the kernel lives"
    except (Gone, Timeout):
        wait_until(lambda: guest.process.poll() is not None, "the board resets")
        found = re.search(r"kernel BUG at \S+?:\d+|Unable to handle .*", guest.serial.text())
        return f"panic: {found.group()}"


def test_a_fatal_exception(doomed, agree, check):
    """In memory the second exception joins the run of the first, whose length overflows."""
    data, rows = store(FATAL, STORE_CHUNKS), {}
    guest = doomed()
    guest.must("map", "t-origin", guest.put(image("OLD", CHUNKS)).line())
    guest.must("map", "t-store", guest.put(data).line())
    table = f"0 {CHUNKS * 8} snapshot /dev/mapper/t-origin /dev/mapper/t-store P 8"
    rows["10 in 255 * 2^56 + 5, 9 in 4"] = [fate(guest, f"/tmp/dm map t '{table}'"),
                                            check(data, CHUNKS * 4096)]
    agree("fatal", ["exceptions", "loading the table", "`cowboot store check`"], rows, FATAL_PARTS)
