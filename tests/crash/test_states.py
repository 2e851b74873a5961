# SPDX-License-Identifier: MIT
"""Which states of a disk a power cut can leave, and which it cannot."""
import struct

import blklog
import pytest
import states
from blklog import Entry

FLUSH = Entry(0, b"", True)


def write(at, fill, sectors=1):
    return Entry(at * 512, bytes([fill]) * 512 * sectors, False)


def disks(found, entries, size=8):
    """{name: a digit for each sector}."""
    out = {}
    for state in found:
        disk = bytearray(512 * size)
        for at, data in state.writes(entries):
            disk[at:at + len(data)] = data
        out[state.name] = "".join(str(disk[n * 512]) for n in range(size))
    return out


def distinct(entries, unit=512, ordered=False, size=8):
    return disks(states.distinct(bytes(512 * size), entries, unit, ordered), entries, size)


def test_flushes_keep_the_order():
    run = [write(0, 1), FLUSH, write(1, 2), FLUSH]
    assert distinct(run) == {"p0": "00000000", "p2": "10000000", "p4": "12000000"}


def test_without_a_flush_any_write_may_be_lost():
    run = [write(0, 1), write(1, 2), write(2, 3)]
    assert distinct(run) == {"p0": "00000000", "p1": "10000000", "d0": "02300000",
                             "p2": "12000000", "d1": "10300000", "k1": "02000000",
                             "k2": "00300000", "p3": "12300000"}


def test_a_disk_without_a_cache_keeps_every_order():
    run = [write(0, 1), write(1, 2), write(2, 3)]
    assert set(distinct(run, ordered=True)) == {"p0", "p1", "p2", "p3"}


def test_a_write_is_torn_by_sectors():
    assert distinct([write(0, 5, sectors=4)]) == {
        "p0": "00000000", "t0.first": "50000000", "t0.half": "55000000", "t0.rest": "00550000",
        "t0.last": "00050000", "p1": "55550000"}


def test_a_sector_is_never_torn():
    assert set(distinct([write(0, 5, sectors=8)], unit=4096)) == {"p0", "p1"}


def test_a_flush_is_one_disk_s():
    def on(disk, e):
        return Entry(e.at, e.data, e.flush, disk)
    run = [on(0, write(0, 1)), on(1, write(4, 2)), on(0, FLUSH), on(0, write(1, 3)), on(1, FLUSH)]
    assert distinct(run) == {"p0": "00000000", "p1": "10000000", "k1": "00002000",
                             "p3": "10002000", "k3": "13000000", "p5": "13002000"}
    assert [s.name for s in states.possible(run, 512, False) if s.name[0] == "o"] == ["o2", "o4"]


def test_the_same_bytes_are_one_state():
    run = [write(0, 1), FLUSH, write(0, 1), FLUSH, write(0, 0), FLUSH]
    assert set(distinct(run)) == {"p0", "p2"}


def test_a_flush_that_comes_with_a_write_ends_the_epoch():
    run = [Entry(0, bytes([1]) * 512, True), write(1, 2)]
    assert set(distinct(run).values()) == {"00000000", "10000000", "12000000"}


def merge(*sectors):
    """Data and metadata of steps; the store's metadata is in sector 0."""
    return [e for step, at in enumerate(sectors)
            for e in (write(at, 1), FLUSH, write(0, step + 1), FLUSH)]


def controls(run, volume_of=lambda e: "system" if e.at else None):
    return {s.name: (s.through, s.lost) for s in states.control(run, volume_of)}


def test_a_control_passes_over_a_flush():
    run = merge(2, 4, 6)
    assert controls(run) == {"x0": (4, (0,)), "x4": (8, (4,))}
    assert disks(states.control(run, lambda e: "system" if e.at else None), run) == {
        "x0": "10000000", "x4": "20100000"}
    assert not {"10000000", "20100000"} & set(distinct(run).values())


def test_a_control_is_behind_the_end_of_its_run():
    run = [write(2, 1), FLUSH, write(3, 1), FLUSH, write(0, 1), FLUSH, *merge(6)]
    assert controls(run) == {"x0": (6, (0,)), "x2": (6, (2,))}


def test_a_control_waits_for_its_own_volume():
    run = merge(2, 6, 3, 7, 5)
    found = controls(run, lambda e: "system" if 0 < e.at < 4 * 512 else "vendor" if e.at else None)
    assert found == {"x4": (16, (4,)), "x12": (16, (12,))}


def test_a_write_that_is_made_again_is_no_control():
    assert set(controls(merge(2, 2, 4, 6))) == {"x8"}


def test_a_control_is_within_its_merge():
    run = merge(2, 4, 6, 2, 4, 6)       # there and back
    def volume_of(e):
        return "system" if e.at else None
    assert not list(states.control(run, volume_of))
    assert [s.name for s in states.control(run, volume_of, 0, 12)] == ["x0", "x4"]
    assert {s.name: s.through for s in states.control(run, volume_of, 12)} == {"x12": 16, "x16": 20}


def test_a_sample_keeps_both_ends():
    assert states.sample(list(range(100)), 4) == [0, 33, 66, 99]
    assert states.sample([1, 2], 4) == [1, 2]


def log(path, entries, sector=512, flags=0):
    with open(path, "wb") as f:
        f.write(struct.pack("<QQQI", blklog.MAGIC, 1, len(entries), sector).ljust(sector, b"\0"))
        for e in entries:
            bits = flags | (blklog.FLUSH if e.flush else 0)
            f.write(struct.pack("<QQQQ", e.at // sector, len(e.data) // sector, bits, 0)
                    .ljust(sector, b"\0") + e.data)


def test_a_log_is_read(tmp_path):
    run = [write(3, 7, sectors=2), FLUSH, write(0, 1)]
    log(tmp_path / "log", run)
    assert blklog.read(tmp_path / "log") == run
    assert blklog.count(tmp_path / "log") == 3


def test_a_log_not_begun_has_no_entries(tmp_path):
    (tmp_path / "log").touch()
    assert blklog.count(tmp_path / "log") == 0


def test_a_log_that_qemu_has_left_can_be_added_to(tmp_path):
    log(tmp_path / "log", [write(3, 7), FLUSH])
    blklog.append(tmp_path / "log", 512, bytes([9]) * 1024)
    assert blklog.read(tmp_path / "log") == [write(3, 7), FLUSH, write(1, 9, sectors=2)]
    with pytest.raises(ValueError, match="not whole sectors"):
        blklog.append(tmp_path / "log", 100, bytes(512))


@pytest.mark.parametrize("flag", [blklog.FUA, blklog.DISCARD, blklog.MARK])
def test_what_the_suite_cannot_replay_is_refused(tmp_path, flag):
    log(tmp_path / "log", [write(0, 1)], flags=flag)
    with pytest.raises(ValueError, match="unknown here"):
        blklog.read(tmp_path / "log")


def test_the_disks_own_logs_say_whose_a_flush_was():
    both = [write(0, 1), write(8, 2), FLUSH, write(1, 3), FLUSH]
    own = [[write(0, 1), FLUSH, write(1, 3), FLUSH], [write(0, 2)]]
    found = blklog.by_disk(both, [4096, 4096], own)
    assert [e.disk for e in found] == [0, 1, 0, 0, 0]
    with pytest.raises(ValueError, match="no disk.s own log has"):
        blklog.by_disk(both, [4096, 4096], [[write(0, 9), FLUSH, write(1, 3)], own[1]])
    swapped = [write(4, 4), write(0, 1), FLUSH]
    found = blklog.by_disk([write(0, 1), write(4, 4), FLUSH], [4096, 4096], [swapped, []])
    assert [e.disk for e in found] == [0, 0, 0]
    with pytest.raises(ValueError, match="no disk.s own log has"):
        blklog.by_disk(both, [4096, 4096], [[write(0, 9), FLUSH, write(1, 3)], own[1]])
    with pytest.raises(ValueError, match="the common one has not"):
        blklog.by_disk([], [4096], [[write(0, 1)]])


def test_a_flush_that_was_left_out_is_put_in():
    both = [write(0, 1), write(8, 2), FLUSH, write(1, 3)]
    own = [[write(0, 1), FLUSH, write(1, 3)], [write(0, 2), FLUSH]]
    found = blklog.by_disk(both, [4096, 4096], own)
    assert [(e.disk, e.flush) for e in found] == [
        (0, False), (1, False), (0, True), (1, True), (0, False)]


def test_a_log_that_is_cut_short_is_refused(tmp_path):
    log(tmp_path / "log", [write(0, 1, sectors=4)])
    with open(tmp_path / "log", "r+b") as f:
        f.truncate(1500)
    with pytest.raises(ValueError, match="cut short"):
        blklog.read(tmp_path / "log")


def test_the_small_ones_are_run_whole():
    assert states.shares([10, 100, 20, 200], 130) == [10, 50, 20, 50]
    assert states.shares([10, 20], 500) == [10, 20]
    assert states.shares([10, 20, 30], 1) == [2, 2, 2]


def test_a_block_is_torn_by_a_piece_or_between_two_of_its_sectors():
    run = [write(8, 1), write(9, 2), FLUSH, write(16, 3), write(20, 4)]

    def torn(**state):
        return states.tears(states.State("x", 0, **state), run, 8 * 512, 100 * 512, 4096)
    assert torn(through=1)                      # sector 8 is there, 9 is not
    assert not torn(through=0) and not torn(through=2) and not torn(through=3)
    assert not torn(through=4) and not torn(through=5)     # 16 and 20 are two writes
    assert torn(through=3, pieces=((9 * 512, b"x"),))
    assert not torn(through=3, pieces=((9 * 512, b"x"), (512, b"x")))
