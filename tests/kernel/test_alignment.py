# SPDX-License-Identifier: MIT
"""When does the kernel warn of an "alignment inconsistency"? Origin and store at different places
of disks with and without an io_min. That cowboot's own placement is silent, and that the same
store elsewhere is not, tests/qemu/test_disks.py shows on a whole board."""
from guest import IO_MIN_BYTES
from stores import SECTOR_BYTES, image, store

CHUNKS = 6
ON, OFF = 0, 4096       # bytes behind a boundary of io_min
COLUMNS = ["disk, origin and store", "the kernel", "`alignment_offset` of the origin",
           "of the store", "of the snapshot"]
# disk, origin's place, the store's pieces: (place, bytes; the last one is the rest)
CASES = {
    ("no io_min", "origin on a boundary, store 4 KiB behind one"): ("scratch", ON, [OFF]),
    ("no io_min", "store in two pieces, the second 4 KiB behind a boundary"):
        ("scratch", ON, [ON, OFF]),
    ("io_min 64 KiB", "both on boundaries"): ("io_min", ON, [ON]),
    ("io_min 64 KiB", "store in two pieces, both on boundaries"): ("io_min", ON, [ON, ON]),
    ("io_min 64 KiB", "store 4 KiB behind a boundary"): ("io_min", ON, [OFF]),
    ("io_min 64 KiB", "origin 4 KiB behind a boundary"): ("io_min", OFF, [ON]),
    ("io_min 64 KiB", "both 4 KiB behind a boundary"): ("io_min", OFF, [OFF]),
    ("io_min 64 KiB", "store in two pieces, the second 4 KiB behind a boundary"):
        ("io_min", ON, [ON, OFF]),
}


def pieces_of(guest, disk, offsets, data):
    """Lays a store down, its first chunk in a piece of its own if there are two: table lines."""
    lines, at = [], 0
    for n, offset in enumerate(offsets):
        piece = data[at:] if n == len(offsets) - 1 else data[at:at + 4096]
        place = guest.place(IO_MIN_BYTES + len(piece), disk)
        place.write(piece, offset)
        place.sector += offset // SECTOR_BYTES
        lines.append(place.line(len(piece) // SECTOR_BYTES, at // SECTOR_BYTES))
        at += len(piece)
    return lines


def alignment_offset(guest, name):
    """What the kernel says of a device of ours in sysfs."""
    minor = int(guest.run(f"stat -c %T /dev/mapper/{name}", check=True), 16)
    return guest.run(f"cat /sys/block/dm-{minor}/alignment_offset", check=True).strip()


def warned(guest, disk, origin_offset, offsets):
    """Whether mapping warns, and the devices' alignment_offset; the snapshot reads well anyhow."""
    origin = guest.place(IO_MIN_BYTES + CHUNKS * 4096, disk)
    origin.write(image("OLD", CHUNKS), origin_offset)
    origin.sector += origin_offset // SECTOR_BYTES
    origin.sectors = CHUNKS * 8
    lines = pieces_of(guest, disk, offsets, store([(2, 2), (5, 3)], 4))
    before = len(guest.log_lines("alignment inconsistency"))
    assert guest.snapshot(origin, None, store_lines=lines) == "ok"
    assert guest.unlike("OLD", CHUNKS) == "2 NEW, 5 NEW"
    warnings = len(guest.log_lines("alignment inconsistency")) - before
    offsets = [alignment_offset(guest, name) for name in ("t-origin", "t-store", "t")]
    guest.unmap()
    return [f"{warnings} warnings" if warnings else "silent", *offsets]


def test_alignment(guest, agree):
    size = guest.run("cat /sys/block/vdc/queue/minimum_io_size", check=True)
    assert int(size) == IO_MIN_BYTES
    rows = {f"{disk}: {what}": warned(guest, *case) for (disk, what), case in CASES.items()}
    agree("alignment", COLUMNS, rows)
