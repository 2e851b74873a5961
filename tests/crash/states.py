# SPDX-License-Identifier: MIT
"""Every state of the disks that a power cut can leave of a recorded run. Pure: entries in, states
out, nothing is read or written.

A write is pending until its disk is flushed: the disk's cache may have let it through or not, and
torn it. Of all the states that pending writes can leave, these are taken, by name (N is the number
of the entry in the log):

    pN              the writes before N, and nothing of N: the order that was asked for
    tN.first        the same, and N's first unit; .half its first half, .rest its second half,
    tN.last         its last unit
    dN              all before the flush that ends N's epoch, but N was lost
    kN              of all that is pending at N, only N is through
    oN              flush N is through; what is pending on other disks is lost

The unit is the disk's sector: it goes through whole or not at all. A disk without a cache (ordered)
has prefixes and tears alone. States that no cut can leave, because a flush was passed over, begin
with x (`control`), which the board must survive, with u, of which it must survive all but the way back,
and y, which must be found bad (Recording.controls).
"""
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b

SECTOR = 512


@dataclass(frozen=True)
class State:
    """What is on the disks: entries[:through] but those called lost, and then pieces: (offset,
    bytes). at: the entry at which the power went."""
    name: str
    at: int
    through: int
    lost: tuple = ()
    pieces: tuple = ()

    @property
    def must_be_bad(self):
        """Of the states that no cut can leave: what a disk that lies has lost of a merge is written again."""
        return self.name.startswith("y")

    @property
    def spoils_kept(self):
        """What was kept is lost, and the record says that it is there."""
        return self.name.startswith("u")

    def writes(self, entries):
        """(offset, bytes), in order."""
        for n, e in enumerate(entries[:self.through]):
            if e.data and n not in self.lost:
                yield e.at, e.data
        yield from self.pieces


def _tears(n, e, unit):
    size = len(e.data)
    if size <= unit:
        return
    half = -(-size // unit // 2) * unit
    parts = {"first": (0, unit), "half": (0, half), "rest": (half, size),
             "last": (size - unit, size)}
    for name, (a, b) in parts.items():
        yield State(f"t{n}.{name}", n, n, pieces=((e.at + a, e.data[a:b]),))


def _all_but_one(writes, end):
    """The last one lost is a prefix, which there is already."""
    for n in writes[:-1]:
        yield State(f"d{n}", end, end, lost=(n,))


def possible(entries, unit, ordered):
    """All states, in the order of the run, doubled ones and all."""
    pending = {}  # disk: numbers of its writes since its last flush
    for n, e in enumerate(entries):
        if e.data:
            lost = tuple(sorted(sum(pending.values(), [])))
            yield State(f"p{n}", n, n)
            yield from _tears(n, e, unit)
            if lost and not ordered:
                yield State(f"k{n}", n, n, lost=lost, pieces=((e.at, e.data),))
            pending.setdefault(e.disk, []).append(n)
        if e.flush and not ordered:
            yield from _all_but_one(pending.pop(e.disk, []), n)
            lost = tuple(sorted(sum(pending.values(), [])))
            if lost:
                yield State(f"o{n}", n, n + 1, lost=lost)
    for writes in pending.values() if not ordered else ():
        yield from _all_but_one(writes, len(entries))
    yield State(f"p{len(entries)}", len(entries), len(entries))


def control(entries, volume_of, first=0, last=None):
    """States of a disk that lies: a flush of the merge was passed over. A chunk that was merged is
    lost, and the merge has gone on to the next run of that volume, so the store says that it was
    merged. volume_of(entry) says into which volume's origin it is, or None. A place that is written
    twice is none: a merge that was cut writes the same chunk again. The merge is between these
    entries: what a disk loses of it later, nobody can know."""
    writes = [(n, volume_of(e)) for n, e in enumerate(entries[first:last], first)
              if e.data and volume_of(e)]
    times = Counter(entries[n].at for n, _ in writes)
    for i, (n, volume) in enumerate(writes):
        if times[entries[n].at] == 1:
            end = entries[n].at + len(entries[n].data)
            for m, other in writes[i + 1:]:
                if other == volume and entries[m].at != end:
                    yield State(f"x{n}", m, m, lost=(n,))
                    break
                end += len(entries[m].data) if other == volume else 0


class Keys:
    """Tells states apart by what the disk holds, without a disk: a key for each State."""

    def __init__(self, base, entries):
        self.base, self.entries, self.known = base, entries, {}
        self.upto, self.now = 0, {}
        self.mark = 0, {}  # the same at some point before

    def _put(self, content, at, data):
        for i in range(0, len(data), SECTOR):
            piece = data[i:i + SECTOR]
            if piece == self.base[at + i:at + i + SECTOR]:
                content.pop(at + i, None)
            else:
                content[at + i] = hash(piece)

    def _prefix(self, through):
        """The content after entries[:through]."""
        if through < self.upto:
            at, content = self.mark if self.mark[0] <= through else (0, {})
            self.upto, self.now = at, dict(content)
        for n in range(self.upto, through):
            if self.entries[n].flush:
                self.mark = n, dict(self.now)
            self._put(self.now, self.entries[n].at, self.entries[n].data)
        self.upto = through
        return self.now

    def key(self, state):
        first = min(state.lost, default=state.through)
        content = dict(self._prefix(first))
        for n in range(first, state.through):
            if n not in state.lost:
                self._put(content, self.entries[n].at, self.entries[n].data)
        for at, data in state.pieces:
            self._put(content, at, data)
        text = repr(sorted(content.items())).encode()
        return blake2b(text, digest_size=16).digest()


def distinct(base, entries, unit, ordered):
    """The possible states without those that leave the same bytes as one before."""
    keys, seen, found = Keys(base, entries), set(), []
    for state in possible(entries, unit, ordered):
        key = keys.key(state)
        if key not in seen:
            seen.add(key)
            found.append(state)
    return found


def tears(state, entries, at, size, block_bytes):
    """Whether the cut tore a block of the file system at these bytes: a write of it, or, on a disk that
    takes one sector after the other, between two sectors of a block."""
    if state.pieces:
        return all(at <= a < at + size for a, _ in state.pieces)
    if not 0 < state.through < len(entries):
        return False
    before, after = entries[state.through - 1:state.through + 1]
    return (bool(before.data and after.data) and at <= after.at < at + size and
            before.at + len(before.data) == after.at and (after.at - at) % block_bytes != 0)


def sample(items, most):
    """At most so many of them, evenly spread, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    if most == 1:
        return [items[0]]
    return [items[i * (len(items) - 1) // (most - 1)] for i in range(most)]


def shares(sizes, most):
    """So many of each, together at most that (but of none fewer than two): the small ones whole."""
    found, left = {}, most
    for n, i in enumerate(sorted(range(len(sizes)), key=lambda i: sizes[i])):
        found[i] = min(sizes[i], max(2, left // (len(sizes) - n)))
        left -= found[i]
    return [found[i] for i in range(len(sizes))]
