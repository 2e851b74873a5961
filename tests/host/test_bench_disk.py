# SPDX-License-Identifier: MIT
"""cowboot bench-disk on files. What it wrote is compared with a second telling of the format
(cuts_model.py); then the file is changed as a bad disk would have, and it must say so, and no more.

A cut is a program that is stopped, copied from and killed: --cut does that to its own parent."""

import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

import cuts_model
from cowboot import (bad, good, run, usage, without_progress, DONE, FAILED, NOTHING, PHASE,
                     PROGRAM)
from cuts_model import BLOCK, FIRST, SECTOR, Head, block_at, said

MIB = 1 << 20
SEE = "cowboot bench-disk --help"
BENCH = ("--progress", "none", "bench-disk")      # where the machine is slow, too
CUT = "kill -STOP $PPID; cp disk cut; kill -9 $PPID"


@pytest.mark.parametrize("words, says", [
    ("", "bench-disk needs one TARGET: a spare partition, or a file"),
    ("a b", "bench-disk needs one TARGET: a spare partition, or a file"),
    ("--cuts --check a", "--cuts and --check exclude each other; --cuts judges first"),
    ("--cut x a", "--cut is for --cuts"),
    ("--check --cut x a", "--cut is for --cuts"),
    ("--log x a", "--log, --confirmed and --same-boot are for --cuts and --check"),
    ("--same-boot a", "--log, --confirmed and --same-boot are for --cuts and --check"),
    ("--confirmed 1 a", "--log, --confirmed and --same-boot are for --cuts and --check"),
    ("--cuts --json a", "--cuts has no --json; --check has"),
    ("--cuts --seconds 1 a", "--seconds is for measuring"),
    ("--size 0 a", "--size '0' is no number from 1 to 1048576"),
    ("--seconds 601 a", "--seconds '601' is no number from 1 to 600"),
    ("--check --confirmed -1 a", "--confirmed '-1' is no number from 1 to 9223372036854775807"),
])
def test_words(words, says):
    usage("bench-disk", *words.split(), says=says, see=SEE)


# ---- What it refuses -------------------------------------------------------------------------------


def blank(path, size=MIB):
    with open(path, "wb") as f:
        f.truncate(size)
    return path


@pytest.mark.parametrize("mode", [[], ["--cuts"]])
@pytest.mark.parametrize("at, magic, what", [
    (1080, b"\x53\xef", "an ext2, ext3 or ext4"),
    (0, b"hsqs", "a squashfs"),
    (1024, b"\xe2\xe1\xf5\xe0", "an erofs"),
    (65600, b"_BHRfS_M", "a btrfs"),
    (0, b"XFSB", "an xfs"),
    (4086, b"SWAPSPACE2", "swap space"),
    (0, b"LUKS\xba\xbe", "a LUKS container"),
    (512, b"LABELONE", "a physical volume of LVM"),
    (0, b"SnAp", "a store"),
    (0, b"COWBOOT\n", "a record of cowboot"),
    (512, b"EFI PART", "a partition table"),
    (510, b"\x55\xaa", "a partition table, or a FAT"),
    (MIB - 1, b"\x01", "something"),
])
def test_what_is_there(mode, at, magic, what, tmp_path):
    path = blank(tmp_path / "disk", 3 * MIB)
    with open(path, "r+b") as f:
        f.seek(at)
        f.write(magic)
    before = path.read_bytes()
    bad(*BENCH, *mode, path, says=f"cannot use {path}: {what} is on it; --force writes over it")
    assert path.read_bytes() == before


def test_what_is_at_its_end(tmp_path):
    path = blank(tmp_path / "disk", 3 * MIB)
    with open(path, "r+b") as f:
        f.seek(-33 * SECTOR, os.SEEK_END)
        f.write(b"EFI PART")
    bad(*BENCH, "--size", "1", path,
        says=f"cannot use {path}: something is at its end; --force writes over it")
    good(*BENCH, "--size", "1", "--seconds", "1", "--force", path)


def test_too_small_or_not_there(tmp_path):
    path = blank(tmp_path / "disk", MIB - 1)
    bad(*BENCH, path, says=f"cannot use {path}: it has {MIB - 1} bytes, and 1 MiB is the least")
    none = tmp_path / "none"
    bad(*BENCH, none, says=f"cannot use {none}: there is no such file; --size MIB makes one")
    bad(*BENCH, "--check", "--size", "1", none,
        says=f"cannot use {none}: No such file or directory")
    assert not none.exists()
    bad(*BENCH, tmp_path, says=f"cannot use {tmp_path}: neither a block device nor a file")


def test_nothing_to_check(tmp_path):
    path = blank(tmp_path / "disk")
    bad(*BENCH, "--check", path, code=NOTHING, says="no test of cuts was begun there")
    assert path.read_bytes() == bytes(MIB)


# ---- Measuring -------------------------------------------------------------------------------------

MEASURES = ["flush", "write_flush", "write_fua", "write_in_order", "write_at_random", "write_large"]


def test_measures(tmp_path):
    path = blank(tmp_path / "disk", 2 * MIB)
    told = json.loads(good(*BENCH, "--seconds", "1", "--json", path))
    assert (told["schema"], told["target"], told["bytes"]) == (1, str(path), 2 * MIB)
    assert [m["name"] for m in told["measures"]] == MEASURES
    for m in told["measures"]:
        size = {"flush": 0, "write_large": MIB}.get(m["name"], 4096)
        assert m["count"] > 0 and m["bytes"] == m["count"] * size
        assert m["median_us"] <= m["p99_us"] <= m["max_us"] <= m["total_us"]
    # It is blank to the next run, and as long as it was.
    assert path.read_bytes() == bytes(2 * MIB)
    text = good(*BENCH, "--seconds", "1", path)
    assert len(text.splitlines()) >= 2 + len(MEASURES) + 1 and "one step of a merge" in text


def test_measures_a_file_of_its_own(tmp_path):
    good(*BENCH, "--seconds", "1", "--size", "1", "disk", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


# ---- Cuts ------------------------------------------------------------------------------------------


class Target:
    """A disk of 1 MiB in a folder, and rounds of cuts on it."""

    def __init__(self, folder):
        self.folder, self.disk = folder, folder / "disk"

    def round(self, *options, command=CUT):
        """One round that ends with a cut; the disk is then as the cut left it."""
        done = run(*BENCH, "--cuts", "--size", "1", "--same-boot", "--cut", command, *options,
                   "disk", cwd=self.folder)
        assert done.returncode == -signal.SIGKILL, done
        (self.folder / "cut").rename(self.disk)
        return done.stdout.decode()

    def check(self, *options, code=DONE):
        return json.loads(good(*BENCH, "--check", "--same-boot", "--json", *options, "disk",
                               cwd=self.folder, code=code))

    @property
    def head(self):
        return Head.read(self.disk.read_bytes())

    def reach(self):
        """The last write that is known to have been confirmed, and the last that was kept."""
        data, head = self.disk.read_bytes(), self.head
        found = [said(data[at:at + SECTOR]) for at in range(FIRST, len(data), SECTOR)]
        mine = [one for one in found if one and one[0] == head.round]
        return max(max(one[4] for one in mine), head.least), max(one[2] for one in mine)

    def put(self, at, data):
        with open(self.disk, "r+b") as f:
            f.seek(at)
            f.write(data)

    def lose(self, write, sectors=range(8)):
        """Puts back what the block of that write held before the first round."""
        block = self.head.block(write)
        first = replace(self.head, round=0)
        for place in sectors:
            self.put(FIRST + block * BLOCK + place * SECTOR, first.sector(block + 1, 0, place))
        return block

    def last_to(self, upto):
        """For each block the last write to it, 0 where there is none."""
        head, last = self.head, [0] * 240
        for write in range(1, upto + 1):
            last[head.block(write)] = write
        return last

    def confirmed(self, alone):
        """A write that was confirmed, by a flush or alone, and to whose block no later one went."""
        upto, last = self.reach()
        head, latest = self.head, set(self.last_to(last + 64))
        return next(w for w in range(upto, 0, -1) if w in latest and alone == (
            head.ends(w) and (w == 1 or head.ends(w - 1))))


@pytest.fixture(scope="session")
def first_cut(tmp_path_factory):
    """The disk after its first round, as it is for most of the tests."""
    test = Target(tmp_path_factory.mktemp("cut"))
    test.round()
    return test.disk.read_bytes()


@pytest.fixture
def cut(tmp_path, first_cut):
    test = Target(tmp_path)
    test.disk.write_bytes(first_cut)
    return test


CLEAN = {"lost": False, "lost_flushed": 0, "lost_fua": 0, "spoiled": 0, "head_lost": False,
         "torn_sectors": 0, "unreadable": 0}


def picked(told):
    return {key: told[key] for key in CLEAN}


def test_what_is_written(cut):
    """Each sector is as the page says; and blocks that no write went to are as they were prepared."""
    data, head = cut.disk.read_bytes(), cut.head
    confirmed, last = cut.reach()
    assert (head.phase, head.round, head.blocks, head.tally) == (1, 1, 240, (0,) * 10)
    assert 64 <= head.least <= confirmed <= last
    assert head.boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    prepared, ended = replace(head, round=0), 0
    by_block = {}
    for write in range(1, last + 1):
        by_block[head.block(write)] = (write, ended)
        ended = write if head.ends(write) else ended
    for block in range(head.blocks):
        for place in range(8):
            sector = data[block_at(block)][place * SECTOR:(place + 1) * SECTOR]
            write, before = by_block.get(block, (0, 0))
            assert sector == (head.sector(write, before, place) if write else
                              prepared.sector(block + 1, 0, place))


def test_kept(cut):
    confirmed = cut.reach()[0]
    told = cut.check()
    assert picked(told) == CLEAN
    assert (told["schema"], told["round"], told["confirmed"]) == (1, 1, confirmed)
    assert told["all"] == {"rounds": 1, "rounds_lost": 0, "confirmed": confirmed, "lost_flushed": 0,
                           "lost_fua": 0, "spoiled": 0, "heads_lost": 0,
                           "passed_over": told["passed_over"], "partial": 0, "torn_sectors": 0}
    bad(*BENCH, "--check", "--same-boot", "disk", cwd=cut.folder, code=NOTHING,
        says="nothing to judge: 1 rounds so far, 0 of them with a loss")


def test_as_text(cut):
    cut.lose(cut.confirmed(False))
    text = good(*BENCH, "--check", "--same-boot", "disk", cwd=cut.folder, code=FAILED)
    assert "         1  blocks lost though a flush had confirmed them\n" in text
    assert "this time the disk lost what it had confirmed\n" in text
    assert f"in all: 1 rounds, 1 of them with a loss; {cut.head.tally[2]} writes confirmed\n" in text


@pytest.mark.parametrize("alone, key", [(False, "lost_flushed"), (True, "lost_fua")])
@pytest.mark.parametrize("sectors", [range(8), [0], [7], range(4, 8)])
def test_lost(cut, alone, key, sectors):
    cut.lose(cut.confirmed(alone), sectors)
    assert picked(cut.check(code=FAILED)) == CLEAN | {"lost": True, key: 1}
    assert cut.head.tally[:2] == (1, 1)


def test_spoiled(cut):
    write = cut.confirmed(False)
    at = FIRST + cut.head.block(write) * BLOCK
    for where in (at + 100, at + 8 * SECTOR - 1):
        cut.put(where, b"\x00" if cut.disk.read_bytes()[where] else b"\x01")
    assert picked(cut.check(code=FAILED)) == CLEAN | {"lost": True, "spoiled": 1}
    # It is whole again, so the next round is not blamed for it.
    cut.round()
    assert picked(cut.check()) == CLEAN


def under_way(test):
    """A write that was not confirmed: one is made, where the cut came just behind a flush."""
    confirmed, last = test.reach()
    if last == confirmed:
        last += 1
        head = test.head
        for place in range(8):
            test.put(FIRST + head.block(last) * BLOCK + place * SECTOR,
                     head.sector(last, confirmed, place))
    return last


def test_torn(cut):
    """A sector that is half written, of a write that was under way: no loss, and counted."""
    at = FIRST + cut.head.block(under_way(cut)) * BLOCK
    cut.put(at + 3 * SECTOR + 256, bytes(256))
    told = cut.check()
    assert picked(told) == CLEAN | {"torn_sectors": 1} and told["partial"] == 1
    cut.round()
    assert picked(cut.check()) == CLEAN


def test_in_part(cut):
    """A write under way of which some sectors are there."""
    write = under_way(cut)
    confirmed = cut.reach()[0]
    before = cut.last_to(confirmed)[cut.head.block(write)]
    old = cut.head if before else replace(cut.head, round=0)
    block = cut.head.block(write)
    for place in range(4):
        cut.put(FIRST + block * BLOCK + place * SECTOR,
                old.sector(before or block + 1, 0, place))
    told = cut.check()
    assert picked(told) == CLEAN and told["partial"] == 1


def test_heads(cut):
    """One copy is enough; an old one beside a newer round was lost, and so were both."""
    cut.put(0, bytes(SECTOR))
    whole = cut.disk.read_bytes()
    assert picked(cut.check()) == CLEAN
    before = cut.disk.read_bytes()
    cut.round()
    for at in cuts_model.HEADS:
        cut.put(at, before[at:at + SECTOR])
    told = cut.check(code=FAILED)
    assert picked(told) == CLEAN | {"lost": True, "head_lost": True} and told["round"] == 2
    assert told["all"]["heads_lost"] == 1 and cut.head.round == 2

    cut.disk.write_bytes(whole)
    for at in cuts_model.HEADS:
        cut.put(at, bytes(SECTOR))
    bad(*BENCH, "--check", "disk", cwd=cut.folder, says="cannot judge disk: both heads of the "
        "test are gone, and a flush had confirmed them; the disk has lost what it confirmed")


def test_least(cut):
    """The disk kept the order and lost the end: that the cut came later, the head knows."""
    test, head, least = cut, cut.head, cut.head.least
    latest = test.last_to(test.reach()[1])
    for block in range(head.blocks):
        if latest[block] > 32:
            test.put(FIRST + block * BLOCK, b"".join(
                replace(head, round=0).sector(block + 1, 0, place) for place in range(8)))
    told = test.check(code=FAILED)
    assert told["confirmed"] == least and told["lost_flushed"] > 0 and told["spoiled"] == 0
    blocks = {head.block(w) for w in range(1, least + 1)}
    assert told["lost_flushed"] + told["lost_fua"] == len(
        [b for b in blocks if latest[b] > 32])


def test_log_and_person(tmp_path):
    """What others know counts too: more writes than the medium can tell of."""
    test = Target(tmp_path)
    test.round("--log", "log")
    log = (tmp_path / "log").read_text().splitlines()
    assert log[0] == f"{test.head.id.hex()} round 1 begun"
    confirmed, last = test.reach()
    held = test.disk.read_bytes()
    more = next(w for w in range(last + 65, last + 200) if test.head.ends(w))

    assert test.check("--confirmed", confirmed)["lost"] is False
    test.disk.write_bytes(held)
    told = test.check("--confirmed", more, code=FAILED)
    assert told["confirmed"] == more and told["lost"]
    test.disk.write_bytes(held)
    with open(tmp_path / "log", "a", encoding="ascii") as f:
        f.write(f"{'0' * 32} round 9 confirmed 9999\n{test.head.id.hex()} round 1 confirmed {more}\n")
    assert test.check("--log", "log", code=FAILED)["confirmed"] == more
    assert (tmp_path / "log").read_text().splitlines()[-1] == (
        f"{test.head.id.hex()} round 1 judged lost, {more} confirmed")

    # A round of which only the log knows.
    test.disk.write_bytes(held)
    with open(tmp_path / "log", "a", encoding="ascii") as f:
        f.write(f"{test.head.id.hex()} round 2 begun\n")
    told = test.check("--log", "log", code=FAILED)
    assert (told["round"], told["head_lost"], told["lost_flushed"]) == (2, True, 0)


def test_rounds_follow_each_other(cut):
    """Each judges the one before, and goes on."""
    text = cut.round()
    assert "this time the disk kept all that it had confirmed\n" in text and "\nround 2: " in text
    text = cut.round()
    assert "\nround 3: " in text
    told = cut.check()
    assert (told["round"], told["all"]["rounds"], told["all"]["rounds_lost"]) == (3, 3, 0)
    assert told["all"]["confirmed"] == cut.head.tally[2] > told["confirmed"]


def test_no_power_was_cut(cut):
    before = cut.disk.read_bytes()
    for mode in ("--check", "--cuts"):
        bad(*BENCH, mode, "disk", cwd=cut.folder, code=PHASE, says=(
            "cannot judge round 1: the system runs since before it, so no power was cut; "
            "--same-boot if only the disk's was"))
    assert cut.disk.read_bytes() == before


def test_measuring_keeps_a_test(cut):
    bad(*BENCH, "disk", cwd=cut.folder,
        says="cannot use disk: a test of cuts is on it; --force writes over it")


def test_stopped(tmp_path):
    """A person, or a shutdown, ends a round, and it does not count."""
    test = Target(tmp_path)
    program = subprocess.Popen([Path(PROGRAM).resolve(), "bench-disk", "--cuts", "--size", "1", "disk"],
                               cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    line = program.stdout.readline().decode()
    assert line == ("round 1: cut the power now, at any moment; control-C ends the round without a "
                    "verdict\n")
    assert program.stdout.readline().startswith(b"confirmed ")
    program.send_signal(signal.SIGTERM)
    out, err = program.communicate(timeout=60)
    assert (program.returncode, without_progress(err)) == (DONE, b"")
    assert out.decode().splitlines()[-1] == "round 1 was stopped and does not count"
    assert (test.head.phase, test.head.round, test.head.tally) == (0, 1, (0,) * 10)
    bad(*BENCH, "--check", "disk", cwd=tmp_path, code=NOTHING,
        says="nothing to judge: 0 rounds so far, 0 of them with a loss")


def test_command_that_fails(tmp_path):
    done = run(*BENCH, "--cuts", "--size", "1", "--cut", "exit 3", "disk", cwd=tmp_path)
    assert done.returncode == FAILED
    assert done.stderr == b"cowboot: cannot cut the power: 'exit 3' failed\n"
    assert Target(tmp_path).head.phase == 0


def test_disk_that_goes(tmp_path):
    """The disk ends amid the round, as one that loses its power does: that is judged later."""
    done = run(*BENCH, "--cuts", "--size", "1", "--cut", "kill -9 $PPID", "disk", cwd=tmp_path)
    assert done.returncode == -signal.SIGKILL
    assert Target(tmp_path).head.phase == 1
    time.sleep(0.1)
    assert picked(Target(tmp_path).check()) == CLEAN
