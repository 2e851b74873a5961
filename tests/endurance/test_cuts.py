# SPDX-License-Identifier: MIT
"""What a random cut may leave, and that it leaves all of it when it is asked often."""
import random

import cuts
import states
from blklog import Entry

FLUSH = Entry(0, b"", True)


def write(at, fill, sectors=1):
    return Entry(at * 512, bytes([fill]) * 512 * sectors, False)


def disks(entries, first, last, unit=512, ordered=False, size=6, times=2000):
    """All disks that so many cuts leave, a digit for each sector."""
    rng, found = random.Random(1), set()
    for _ in range(times):
        disk = bytearray(512 * size)
        for at, data in cuts.draw(rng, entries, first, last, unit, ordered).state.writes(entries):
            disk[at:at + len(data)] = data
        found.add("".join(str(disk[n * 512]) for n in range(size)))
    return found


def test_what_was_flushed_is_there():
    run = [write(0, 1), FLUSH, write(1, 2)]
    assert disks(run, 2, 3) == {"100000", "120000"}


def test_what_was_not_may_be_lost_each_by_itself():
    run = [write(0, 1), write(1, 2), write(2, 3)]
    assert disks(run, 3, 3) == {f"{a}{b}{c}000" for a in "01" for b in "02" for c in "03"}


def test_a_write_is_torn_anywhere_between_sectors():
    run = [write(0, 1, sectors=3), FLUSH]
    assert disks(run, 1, 1) == {f"{a}{b}{c}000" for a in "01" for b in "01" for c in "01"}


def test_a_sector_is_never_torn():
    run = [write(0, 1, sectors=2), FLUSH]
    assert disks(run, 0, 1, unit=1024) == {"000000", "110000"}


def test_a_disk_without_a_cache_keeps_the_order():
    run = [write(0, 1), write(1, 2, sectors=2)]
    assert disks(run, 0, 1, ordered=True) == {"000000", "100000", "120000", "102000"}


def test_the_request_under_way_may_be_torn_but_is_not_through():
    run = [write(0, 1, sectors=2)]
    assert disks(run, 0, 0) == {"000000", "100000", "010000"}


def test_a_cut_stays_within_its_window():
    run = [e for n in range(6) for e in (write(n, n + 1), FLUSH)]
    assert disks(run, 4, 7) == {"120000", "123000", "123400"}


def test_every_state_of_the_crash_suite_is_drawn():
    run = [write(0, 1), FLUSH, write(1, 2), write(2, 3, sectors=2), FLUSH]
    wanted = set()
    for state in states.possible(run, 512, False):
        disk = bytearray(512 * 6)
        for at, data in state.writes(run):
            disk[at:at + len(data)] = data
        wanted.add("".join(str(disk[n * 512]) for n in range(6)))
    assert wanted <= disks(run, 0, len(run))


def test_a_disk_that_lies_has_lost_what_was_flushed():
    run = [write(0, 1), FLUSH, write(1, 2), write(2, 3), FLUSH, write(3, 4)]
    rng, found = random.Random(1), set()
    for _ in range(500):
        cut = cuts.lie(rng, run, cuts.draw(rng, run, 6, 6, 512, False), lambda e: e.at < 1024)
        assert cut.lies and cut.state.lost == cut.lies and str(cut).endswith(f"~{len(cut.lies)}")
        disk = bytearray(512 * 4)
        for at, data in cut.state.writes(run):
            disk[at:at + len(data)] = data
        found.add("".join(str(disk[n * 512]) for n in range(4)))
    assert found == {f"{a}3{b}" for a in ("00", "10", "02") for b in "04"}


def test_what_was_not_flushed_is_no_lie():
    run = [write(0, 1), FLUSH, write(1, 2)]
    cut = cuts.draw(random.Random(1), run, 3, 3, 512, False)
    assert cuts.lie(random.Random(1), run, cut, lambda e: e.at >= 512) is None
