# SPDX-License-Identifier: MIT
"""What the judge reads from a record, on the golden records of the unit tests."""
from pathlib import Path

import judge
import ondisk
import pytest

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
COPY_B = ondisk.COPY_AT["B"]


def golden(name, kind="record"):
    data = bytearray()
    for line in (GOLDEN / kind / f"{name}.hex").read_text().splitlines():
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
    return changed("trial-two-volumes-in-files", {judge.REFUSED_AT: bytes(160), judge.SLOT_AT: bytes(2)} | changes)


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


def test_a_copy_without_its_tail_counts_only_alone():
    whole = changed("v2-trial-with-places", {judge.REFUSED_AT: bytes(160), judge.SLOT_AT: bytes(2)})
    torn = changed("idle-reverted", {ondisk.GENERATION_AT: bytes([0, 9] + [0] * 6)})
    assert judge.leads_to(meta(whole, whole)) == "new"
    assert judge.leads_to(meta(torn, whole)) == judge.leads_to(meta(whole, torn)) == "new"
    assert judge.leads_to(meta(torn)) == judge.leads_to(meta(torn, torn)) == "old"


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


# ---- recovery ---------------------------------------------------------------------------------

def with_bytes(name, at, data):
    record = changed(name, {at: data})
    return meta(record, record)


def test_an_image_that_is_not_whole_needs_a_person():
    half = with_bytes("idle", judge.PARTIAL_AT, b"system\0")
    assert judge.leads_to(half) == "recovery" and judge.recovers(half, 0)
    assert judge.at_rest(half) == "the record leads to recovery"


def test_an_image_that_is_whole_stays():
    assert judge.leads_to(with_bytes("idle-reverted", judge.RESULT_AT, bytes([4]))) == "new"


def test_who_asks_for_recovery_gets_it():
    asked = with_bytes("trial-two-volumes-in-files", judge.ASKED_AT, b"\1")
    assert judge.recovers(asked, 0)
    assert not judge.recovers(meta(golden("idle"), golden("idle")), 0)
    assert not judge.recovers(meta(), 0)


def test_boots_that_nothing_marked_good():
    counted = with_bytes("idle", judge.TALLY_AT, b"\2")
    assert not judge.recovers(counted, 0) and not judge.recovers(counted, 3)
    assert judge.recovers(counted, 2)


def test_a_damaged_record_is_recoverys():
    noise = meta(b"x" * 4096, b"x" * 4096)
    assert judge.leads_to(noise) == "recovery" and judge.recovers(noise, 0)


def test_a_trial_whose_kernel_is_not_started_goes_back():
    record = trial({judge.SLOT_AT: b"ba"})
    both = meta(record, record)
    assert judge.leads_to(both, "b") == "new"
    assert judge.leads_to(both, "a") == judge.leads_to(both) == "old"
