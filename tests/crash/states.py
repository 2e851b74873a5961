# SPDX-License-Identifier: MIT
"""Every state of the disk that a power cut can leave of a recorded run. Pure: entries in, states
out, nothing is read or written.

An epoch is what lies between two flushes. Within it the disk's cache may have let any write through
and any not, and a write may be torn. Of an epoch with k writes these are taken, by name (N is the
number of the entry in the log):

    pN              the writes before N, and nothing of N: the order that was asked for
    tN.first        the same, and N's first unit; .half its first half, .rest its second half,
    tN.last         its last unit
    dN              the epoch is through, but N was lost
    kN              of the epoch only N is through

The unit is the disk's sector: it goes through whole or not at all. A disk without a cache (ordered)
has prefixes and tears alone. `control` gives states that no cut can leave: a flush was broken.
"""
from dataclasses import dataclass
from hashlib import blake2b

SECTOR = 512


@dataclass(frozen=True)
class State:
    """What is on the disk: entries[:through] but the one called lost, and then pieces: (offset,
    bytes). at: the entry at which the power went."""
    name: str
    at: int
    through: int
    lost: int = None
    pieces: tuple = ()

    def writes(self, entries):
        """(offset, bytes), in order."""
        for n, e in enumerate(entries[:self.through]):
            if e.data and n != self.lost:
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


def _epochs(entries):
    """Lists of the numbers of each epoch's writes, with the number of the flush that ends it."""
    now = []
    for n, e in enumerate(entries):
        if e.data:
            now.append(n)
        if e.flush:
            yield now, n
            now = []
    yield now, len(entries)


def possible(entries, unit, ordered):
    """All states, in the order of the run, doubled ones and all."""
    for writes, end in _epochs(entries):
        start = writes[0] if writes else end
        for n in writes:
            yield State(f"p{n}", n, n)
            yield from _tears(n, entries[n], unit)
            if not ordered and len(writes) > 1:
                if n != writes[-1]:
                    yield State(f"d{n}", end, end, lost=n)
                if n != start:
                    yield State(f"k{n}", n, start, pieces=((entries[n].at, entries[n].data),))
    yield State(f"p{len(entries)}", len(entries), len(entries))


def control(entries, first, last, wanted):
    """States that must be found bad: of the entries first to last, a flush was passed over. A write
    is lost, the three epochs after its own are there: of two volumes that merge at the same time,
    the next epoch may be the other one's. `wanted` says which writes count."""
    epochs = [(w, end) for w, end in _epochs(entries) if w and w[0] >= first and w[-1] < last]
    for (writes, _), (_, next_end) in zip(epochs, epochs[3:]):
        for n in writes:
            if wanted(entries[n]):
                yield State(f"x{n}", next_end, next_end, lost=n)


class Keys:
    """Tells states apart by what the disk holds, without a disk: a key for each State."""

    def __init__(self, base, entries):
        self.base, self.entries, self.known = base, entries, {}
        self.upto, self.now = 0, {}

    def _put(self, content, at, data):
        for i in range(0, len(data), SECTOR):
            piece = data[i:i + SECTOR]
            if piece == self.base[at + i:at + i + SECTOR]:
                content.pop(at + i, None)
            else:
                content[at + i] = hash(piece)

    def _prefix(self, through):
        """The content after entries[:through]; asked for in rising order but for one epoch."""
        if through < self.upto:
            self.upto, self.now = 0, {}
        for e in self.entries[self.upto:through]:
            self._put(self.now, e.at, e.data)
        self.upto = through
        return self.now

    def key(self, state):
        if state.lost is None:
            content = dict(self._prefix(state.through))
            for at, data in state.pieces:
                self._put(content, at, data)
        else:
            content = dict(self._prefix(state.lost))
            for e in self.entries[state.lost + 1:state.through]:
                self._put(content, e.at, e.data)
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


def sample(items, most):
    """At most so many of them, evenly spread, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[i * (len(items) - 1) // (most - 1)] for i in range(most)]
