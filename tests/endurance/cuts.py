# SPDX-License-Identifier: MIT
"""What a power cut at a random moment leaves of a recorded power-on. Pure: draws from the generator
that is given, reads and writes nothing.

All that was flushed is there. What was written since may each be whole, lost or torn; the request
under way is lost or torn. A disk without a cache (ordered) has no losses, but may tear the last.
"""
from dataclasses import dataclass, replace

from states import State


@dataclass(frozen=True)
class Cut:
    """A state of the disk, and which entries of the log it has lost or torn."""
    state: State
    lost: tuple
    torn: tuple
    lies: tuple = ()    # lost though they were flushed

    def __str__(self):
        return (f"{self.state.name}-{len(self.lost)}-{len(self.torn)}" +
                f"~{len(self.lies)}" * bool(self.lies))


def epoch_start(entries, at):
    """The first entry after the last flush before `at`."""
    while at and not entries[at - 1].flush:
        at -= 1
    return at


def _tear(rng, e, unit):
    """Some units of a write, neither none nor all: [(offset, bytes)]."""
    count = -(-len(e.data) // unit)
    if rng.random() < 0.5:
        first = rng.randrange(count)
        kept = range(first, first + rng.randint(1, min(count - first, count - 1)))
    else:
        kept = rng.sample(range(count), rng.randint(1, count - 1))
    return [(e.at + n * unit, e.data[n * unit:(n + 1) * unit]) for n in sorted(kept)]


def draw(rng, entries, first, last, unit, ordered):
    """A Cut of the power after entry first-1 at the earliest, before entry `last` at the latest."""
    at = rng.randint(first, last)
    through = at if ordered else epoch_start(entries, at)
    share = rng.choice((1, 1, 0.9, 0.5, 0.1, 0))
    pieces, lost, torn = [], [], []
    for n in range(through, min(at + 1, len(entries))):
        e = entries[n]
        if not e.data:
            continue
        if n < at and rng.random() < share:
            pieces.append((e.at, e.data))
        elif len(e.data) > unit and rng.random() < 0.5:
            torn.append(n)
            pieces += _tear(rng, e, unit)
        elif n < at:
            lost.append(n)
    return Cut(State(f"c{at}", at, through, pieces=tuple(pieces)), tuple(lost), tuple(torn))


def lie(rng, entries, cut, is_mine):
    """The same cut of a disk that has lied about its flushes: of the writes that is_mine(entry), some are
    lost, or all of them. None: there are none."""
    mine = [n for n, e in enumerate(entries[:cut.state.through]) if e.data and is_mine(e)]
    if not mine:
        return None
    share = rng.choice((0, 0.1, 0.5, 1))
    lies = tuple(n for n in mine if rng.random() < share) or (rng.choice(mine),)
    return replace(cut, state=replace(cut.state, lost=lies), lies=lies)
