# SPDX-License-Identifier: MIT
"""The record as two versions of cowboot read and write it in turn: the one in this tree, and the last
one that knew version 1 only, built from the history. They share `meta` on a board whose boot slots
have initramfs of different age."""

import itertools
import json
import os
import subprocess
from pathlib import Path

import pytest

VERSION_1 = "fcb01f4"       # the last commit before version 2
NO_RELEASES = "4ccb911"     # one of version 2 that knows no releases
BUILT = Path("build/tests/versions")
GOOD, DAMAGED = 0, 2        # enum record_health
FOREIGN = 4                 # enum copy_health
A, B = slice(0, 256 << 10), slice(512 << 10, 768 << 10)
STEP = 256


def compiled(src, out):
    """record_io with those sources."""
    state = sorted((src / "state").glob("*.c"))
    rest = [src / name for name in ("storage/dev.c", "storage/place.c", "base/control.c", "base/crc32c.c",
                                    "base/fail.c", "base/reason.c", "base/text.c")]
    releases = ["-DHAS_RELEASES"] if (src / "state/record_releases.c").exists() else []
    subprocess.run(["gcc", *releases, "-std=gnu11", "-D_GNU_SOURCE=", "-D_FILE_OFFSET_BITS=64", "-O1", f"-I{src}",
                    "-ffunction-sections", "-Wl,--gc-sections", "-o", out, "tests/host/record_io.c",
                    *state, *(file for file in rest if file.exists())], check=True)
    return out


def sources_of(commit):
    """src/ as it was then."""
    past = BUILT / commit
    if not (past / "src/state").is_dir():
        archive = subprocess.run(["git", "archive", commit, "src"], capture_output=True, check=False)
        if archive.returncode:
            pytest.skip(f"the history has no {commit}")
        past.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "-x", "-C", past], input=archive.stdout, check=True)
    return past / "src"


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    """{1: the program of version 1, 2: this one's, "before": one that knows no releases}"""
    here = tmp_path_factory.mktemp("versions")
    return {1: compiled(sources_of(VERSION_1), here / "v1"), 2: compiled(Path("src"), here / "v2"),
            "before": compiled(sources_of(NO_RELEASES), here / "before")}


class Meta:
    def __init__(self, programs, path):
        self.programs, self.path = programs, path
        path.write_bytes(bytes(1 << 20))

    def does(self, version, *acts):
        """What that version says of the record after these acts."""
        done = subprocess.run([self.programs[version], self.path, *acts], capture_output=True,
                              text=True, check=True)
        return json.loads(done.stdout)

    def agree(self):
        """Both see the same, good in both copies, and neither finds anything to repair."""
        before = self.path.read_bytes()
        one, two = self.does(1), self.does(2)
        assert self.path.read_bytes() == before
        assert (one["health"], one["a"], one["b"], one["why"]) == (GOOD, GOOD, GOOD, "")
        assert {key: two[key] for key in one if key != "why"} == {key: one[key] for key in one if key != "why"}
        return two


@pytest.fixture
def meta(programs, tmp_path):
    """In memory where that can be: there are thousands of flushes."""
    memory = Path("/dev/shm")
    path = memory / f"cowboot-{os.getpid()}-meta" if memory.is_dir() else tmp_path / "meta"
    yield Meta(programs, path)
    path.unlink()


MERGED = [("stage", "staging"), ("arm", "trial"), ("spend", "trial"), ("confirm", "merging"),
          ("finish", "idle")]
REVERTED = MERGED[:3] + [("revert", "idle")]


@pytest.mark.parametrize("life", [MERGED, REVERTED], ids=["merged", "reverted"])
def test_an_update_goes_on_whichever_version_boots(meta, life):
    """Each step by either version, in every order."""
    for who in itertools.product((1, 2), repeat=len(life)):
        for version, (act, phase) in zip(who, life):
            meta.does(version, act)
            assert meta.agree()["phase"] == phase, (who, act)
        now = meta.agree()
        assert now["slot_old"] == ("b" if life is MERGED else "a")
        meta.path.write_bytes(bytes(1 << 20))


def test_version_1_takes_back_what_only_version_2_knew(meta):
    """What a tail said may not be so any more when a program has saved that knows no tails."""
    now = meta.does(2, "stage", "note-a", "note-b", "arm", "places")
    assert (now["origin_sectors"], now["inode"], now["part_start"]) == (4096, 12, 2048)
    meta.does(2, "note-b")
    assert meta.does(2, "note-a")["may_prove"] == 1
    assert meta.agree()["phase"] == "trial"
    now = meta.does(1, "spend")
    now = meta.agree()
    assert (now["origin_sectors"], now["inode"], now["part_start"]) == (0, 0, 2048)
    assert (now["may_prove"], now["tries_left"], now["tail_lost"]) == (0, 2, 0)


def test_a_slot_that_gets_another_initramfs_knows_nothing(meta):
    assert meta.does(2, "note-a", "note-b")["may_prove"] == 1
    assert meta.does(2, "stage")["may_prove"] == 0
    assert meta.does(2, "arm", "note-b")["may_prove"] == 1


def test_a_phase_that_version_1_does_not_know_is_foreign_to_it(meta):
    assert meta.does(2, "stage", "arm", "confirm", "prove")["phase"] == "proving"
    before = meta.path.read_bytes()
    one = meta.does(1)
    assert (one["health"], one["a"], one["b"]) == (DAMAGED, FOREIGN, FOREIGN)
    assert meta.path.read_bytes() == before
    # And what follows it can be read by either again.
    assert meta.does(2, "finish")["phase"] == "idle"
    assert meta.agree()["result"] == "merged"


@pytest.mark.parametrize("first", [1, 2])
@pytest.mark.parametrize("lost", [A, B], ids=["A", "B"])
def test_a_save_that_was_cut_between_the_copies(meta, first, lost):
    """The newer copy counts, for both, and either repairs the other one: version 1 all that it knows of,
    and version 2 then the rest."""
    for saves, loads in itertools.product((1, 2), repeat=2):
        meta.path.write_bytes(bytes(1 << 20))
        meta.does(first, "stage", "arm")
        before = meta.path.read_bytes()
        meta.does(saves, "confirm")
        after = bytearray(meta.path.read_bytes())
        after[lost] = before[lost]
        meta.path.write_bytes(bytes(after))
        assert meta.does(loads)["phase"] == "merging"
        assert meta.does(2)["phase"] == "merging"
        assert meta.agree()["phase"] == "merging"


def test_a_head_without_its_tail_counts_only_alone(meta):
    """A save torn between the two is the old record, as any other torn save."""
    meta.does(2, "stage", "arm", "places")
    old = meta.path.read_bytes()
    meta.does(2, "spend")
    torn = bytearray(meta.path.read_bytes())
    torn[B] = old[B]
    torn[4096:A.stop] = old[4096:A.stop]
    meta.path.write_bytes(bytes(torn))
    now = meta.does(2)
    assert (now["tries_left"], now["origin_sectors"]) == (3, 4096)
    assert meta.agree()["tries_left"] == 3


def test_version_1_may_have_counted_to_where_a_tail_would_be(meta):
    generation = meta.does(1, "stage", "arm")["generation"]
    meta.does(1, *["again"] * (STEP - generation))
    now = meta.does(2)
    assert (now["health"], now["a"], now["b"], now["phase"]) == (GOOD, GOOD, GOOD, "trial")
    assert (now["generation"], now["tail_lost"]) == (STEP, 1)
    # One is left out: what looks like a lost tail could be that of the next generation.
    assert meta.does(2, "spend")["generation"] == 3 * STEP
    assert meta.agree()["tail_lost"] == 0


def floors(said):
    return said["floor"], said["release"], said["newest"]


def test_one_that_knows_no_releases_keeps_them(meta):
    """It neither asks for the floor nor loses it; and what it has installed itself brings none."""
    meta.does(2, "stage", "arm", "release-7", "raise", "confirm", "finish")
    before = meta.does("before", "stage", "arm", "spend", "confirm", "finish")
    assert (before["health"], before["read_only"], before["result"]) == (GOOD, 0, "merged")
    assert before["other_bytes"] == 8 + 64
    assert floors(meta.does(2)) == (7, 0, 7)


def test_what_another_confirmed_raises_the_floor_at_the_end(meta):
    """One that knows no releases says `merging'; the next that does ends the merge."""
    assert floors(meta.does(2, "stage", "arm", "release-7")) == (0, 7, 7)
    assert meta.does("before", "spend", "confirm")["phase"] == "merging"
    assert floors(meta.does(2)) == (0, 7, 7)
    assert floors(meta.does(2, "finish")) == (7, 0, 7)
    meta.path.write_bytes(bytes(1 << 20))
    meta.does(2, "stage", "arm", "release-7")
    meta.does("before", "spend", "confirm", "finish")
    assert floors(meta.does(2)) == (0, 0, 7), "nobody was there who could raise it"


def test_version_1_loses_the_floor(meta):
    """As all that a tail says: docs/security.md tells of it."""
    assert floors(meta.does(2, "stage", "arm", "release-7", "raise")) == (7, 7, 7)
    meta.does(1, "spend")
    assert floors(meta.does(2)) == (0, 0, 0)
