# SPDX-License-Identifier: MIT
"""Is 1 + 1 + n + n/E exact? Around every multiple of a full area: a store of that many chunks holds
n exceptions, one chunk less does not, whether cowboot wrote it or the kernel fills it."""
import os
import subprocess

import pytest
from artefacts import BUILD
from stores import SECTOR_BYTES, exact, header, image, per_area

KIB = 1024
AREAS = {4 * KIB: 3, 16 * KIB: 2, 64 * KIB: 2}
# How many chunks are read where the others are known to be as they were.
TAIL = 64
REASONS = {"Unable to allocate exception.": "no room", "Error reading/writing.": "I/O error"}
COLUMNS = ["exceptions", "chunks", "written, exact", "written, one less", "filled, exact",
           "filled, one less"]


def around(chunk_bytes):
    """Numbers of exceptions to try, ascending."""
    full = per_area(chunk_bytes)
    return [k * full + d for k in range(1, AREAS[chunk_bytes] + 1) for d in (-1, 0, 1)]


def readable(guest, n, chunk_bytes, first):
    """Which of the n chunks say NEW, from the first that is looked at."""
    found = guest.look(first, n - first, chunk_bytes=chunk_bytes)
    if found == [(first, n - 1, "NEW")]:
        return "all read"
    assert found == [(first, n - 2, "NEW"), (n - 1, n - 1, "error")], found
    return "loads; the last chunk is an error"


def laid(guest, path):
    """A store, written in advance, on the scratch disk, with its holes."""
    place, at = guest.place(path.stat().st_size), 0
    with open(path, "rb") as f:
        while at < path.stat().st_size:
            try:
                at = os.lseek(f.fileno(), at, os.SEEK_DATA)
            except OSError:     # ENXIO: nothing but a hole is left
                break
            end = os.lseek(f.fileno(), at, os.SEEK_HOLE)
            f.seek(at)
            place.write(f.read(end - at), at)
            at = end
    return place


def written(guest, origin, place, n, chunk_bytes, less):
    """What the kernel says of it, on a device of as many chunks or one less."""
    sectors = (exact(n, chunk_bytes) - less) * chunk_bytes // SECTOR_BYTES
    said = guest.snapshot(origin, place, chunk_sectors=chunk_bytes // SECTOR_BYTES,
                          store_sectors=sectors, readonly=True)
    if said == "ok":
        said = readable(guest, n, chunk_bytes, n - TAIL if less else 0)
    guest.unmap()
    return said


class Filling:
    """One store that the kernel fills, on a device that grows by a chunk or two."""

    def __init__(self, guest, origin, chunk_bytes, most):
        self.guest, self.origin, self.chunk_bytes, self.held = guest, origin, chunk_bytes, 0
        self.place = guest.place(exact(most, chunk_bytes) * chunk_bytes)

    def load(self, chunks):
        chunk_sectors = self.chunk_bytes // SECTOR_BYTES
        said = self.guest.snapshot(self.origin, self.place, chunk_sectors=chunk_sectors,
                                   store_sectors=chunks * chunk_sectors)
        assert said == "ok"

    def fill(self, upto):
        if upto > self.held:
            said = self.guest.fill(self.held, upto - self.held, chunk_bytes=self.chunk_bytes)
            assert said == "ok"
        self.held = upto

    def one_more(self):
        """The chunk after those held: that it fits, or why it made the store invalid."""
        said = self.guest.fill(self.held, chunk_bytes=self.chunk_bytes)
        if said == "ok":
            self.held += 1
            return "fits"
        assert (said, self.guest.status()) == ("EIO", "Invalid")
        reason = self.guest.log_lines("Invalidating")[-1].split("snapshot: ")[1]
        self.guest.unmap()
        # All that Invalid changed on the disk is the header: with it put back, the store goes on.
        self.place.write(header(chunk_sectors=self.chunk_bytes // SECTOR_BYTES))
        return REASONS[reason]

    def holds(self, n, first):
        self.load(exact(n, self.chunk_bytes))
        assert readable(self.guest, n, self.chunk_bytes, first) == "all read"
        self.guest.unmap()

    def capacity(self, n):
        """(of the exact device, of one chunk less): how many it held, and what the next one met."""
        said = []
        for chunks in (exact(n, self.chunk_bytes) - 1, exact(n, self.chunk_bytes)):
            self.load(chunks)
            self.fill(n - 1)
            answer = self.one_more()
            if answer == "fits":
                answer = self.one_more()
            said.append(f"{self.held}, then {answer}")
        self.holds(n, n - TAIL)
        return said[1], said[0]


@pytest.mark.parametrize("chunk_bytes", AREAS)
def test_formula(guest, stores, agree, chunk_bytes):
    counts, rows = around(chunk_bytes), {}
    origin = guest.place((counts[-1] + 2) * chunk_bytes)
    filling = Filling(guest, origin, chunk_bytes, counts[-1])
    for n in counts:
        path = stores(chunk_bytes, n)
        assert path.stat().st_size == exact(n, chunk_bytes) * chunk_bytes
        size = subprocess.run([BUILD / "host/cowboot", "store", "size", "--chunk-sectors",
                               str(chunk_bytes // SECTOR_BYTES), str(n)], text=True, check=True,
                              capture_output=True).stdout
        assert int(size) == path.stat().st_size
        place = laid(guest, path)
        answers = [written(guest, origin, place, n, chunk_bytes, less) for less in (0, 1)]
        answers += filling.capacity(n)
        rows[str(n)] = [str(exact(n, chunk_bytes)), *answers]
    filling.holds(counts[-1], 0)
    agree(f"size-{chunk_bytes // KIB}", COLUMNS, rows)


def test_cowboot_refuses_one_less(stores, check):
    chunk_bytes, full = 4 * KIB, per_area(4 * KIB)
    for n in around(chunk_bytes):
        data, last = stores(chunk_bytes, n).read_bytes(), exact(n, chunk_bytes) - 1
        assert check(data, n * chunk_bytes) == "sound"
        why = f"exception {n - 1}: new chunk {last} lies outside the store"
        if n % full == 0:
            why = f"metadata area {n // full} lies past the end of the store"
        assert check(data[:last * chunk_bytes], n * chunk_bytes) == why


def test_each_size_afresh(guest):
    """What test_formula() asks of one store that grows, asked of a new one for each size."""
    chunk_bytes, origin = 4 * KIB, guest.put(image("OLD", 800))
    for n in around(chunk_bytes):
        for less in (0, 1):
            filling = Filling(guest, origin, chunk_bytes, n)
            filling.load(exact(n, chunk_bytes) - less)
            filling.fill(n - less)
            assert filling.one_more() in REASONS.values()
