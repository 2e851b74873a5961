# SPDX-License-Identifier: MIT
"""What the judge reads from a record, on the golden records of the unit tests."""
from pathlib import Path

import judge
import ondisk
import pytest

GOLDEN = Path(__file__).resolve().parents[1] / "golden/record"
COPY_B = ondisk.COPY_AT["B"]


def golden(name):
    data = bytearray()
    for line in (GOLDEN / f"{name}.hex").read_text().splitlines():
        if ":" in line:
            at, _, text = line.partition(":")
            piece = bytes.fromhex(text.split("#")[0])
            data = data.ljust(int(at, 16), b"\0") + piece
        elif line.strip() and not line.startswith("#"):
            data = data.ljust(int(line, 16), b"\0")
    return bytes(data)


def meta(a=b"", b=b""):
    return (a.ljust(COPY_B, b"\0") + b).ljust(1 << 20, b"\0")


def changed(name, changes):
    return ondisk.sealed(golden(name), changes)


@pytest.mark.parametrize("name, outcome", [
    ("idle", "old"), ("idle-reverted", "old"), ("staging", "old"),
    ("merging-on-partition", "new")])
def test_the_phase_says_where_it_leads(name, outcome):
    assert judge.leads_to(meta(golden(name), golden(name))) == outcome


def test_an_update_that_was_merged_stays():
    record = changed("idle-reverted", {judge.RESULT_AT: bytes([judge.MERGED])})
    assert judge.leads_to(meta(record, record)) == "new"


def trial(changes):
    return changed("trial-two-volumes-in-files", {judge.REFUSED_AT: bytes(160)} | changes)


def test_a_trial_goes_on():
    assert judge.leads_to(meta(trial({}), trial({}))) == "new"


def test_a_trial_without_tries_goes_back():
    record = trial({36: bytes(4)})
    assert judge.leads_to(meta(record, record)) == "old"


def test_a_refused_trial_goes_back():
    record = trial({judge.REFUSED_AT: b"bad\0"})
    assert judge.leads_to(meta(record, record)) == "old"


def test_the_newer_copy_counts():
    older = changed("merging-on-partition", {ondisk.GENERATION_AT: bytes([1] + [0] * 7)})
    newer = changed("idle-reverted", {ondisk.GENERATION_AT: bytes([2] + [0] * 7)})
    assert judge.leads_to(meta(older, newer)) == judge.leads_to(meta(newer, older)) == "old"


def test_a_damaged_copy_does_not_count():
    broken = bytearray(golden("staging"))
    broken[400] ^= 1
    assert judge.leads_to(meta(bytes(broken), golden("merging-on-partition"))) == "new"
    assert judge.leads_to(meta(golden("merging-on-partition"), bytes(broken))) == "new"


def test_nothing_and_a_first_save_cut_are_a_new_board():
    assert judge.leads_to(meta()) == "old"
    assert judge.leads_to(meta(golden("staging")[:512])) == "old"


def test_two_damaged_copies_lead_nowhere():
    assert judge.leads_to(meta(b"x" * 4096, b"x" * 4096)) == "recovery"


def test_rest_is_idle_with_two_equal_copies():
    idle, merging = golden("idle"), golden("merging-on-partition")
    assert judge.at_rest(meta(idle, idle)) is None
    assert judge.at_rest(meta()) is None
    assert "differ" in judge.at_rest(meta(idle, changed("idle", {24: b"\x07"})))
    assert "merging" in judge.at_rest(meta(merging, merging))
    assert "neither" in judge.at_rest(meta(b"x" * 4096, b"x" * 4096))
