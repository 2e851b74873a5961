# SPDX-License-Identifier: MIT
"""The main job: install, try, confirm, merge. What holds at each phase: the exit codes, what status
says, the exact store (design, sizes), an origin nobody writes to before the confirmation (I6), one
root for all volumes (I12), the space given back (I9)."""
import json
from hashlib import blake2b

import pytest
from board import image_digest
from steps import (begin_trial, check_store, ended, exact_store_bytes, free_blocks, mapped,
                   room_bytes, slow_down, speed_up, store_devices, store_files)
from tiny.image import changed_chunks


def test_first_boot_of_a_zeroed_meta(board):
    b = board()
    status = b.status()
    assert (status["phase"], status["running"], status["version"]) == ("idle", "confirmed", None)
    assert status["record"] == {"health": "new", "copies": ["zero", "zero"], "generation": 0,
                                "why": None}
    assert status["last"]["result"] == "none"
    boot = b.boot_json()
    assert (boot["code"], boot["reason"]) == ("never-installed", "no update was ever installed")
    assert (boot["board"], boot["cowboot"]) == (status["board"], status["cowboot"])
    assert "" not in boot.values() and boot["tries_left"] is boot["version_to"] is None
    assert "record   new" in b.run("cowboot status", check=True)
    assert b.read_partition("meta").strip(b"\0") == b""


def check_armed(b, old, new):
    """Installed, not yet booted: the old system runs, and all that there is is the exact store."""
    changed = changed_chunks(old.read_bytes(), new.read_bytes())
    status = b.status()
    assert (status["phase"], status["running"]) == ("trial", "old")
    assert (status["tries_left"], status["tries_total"]) == (3, 3)
    assert (status["version_to"], status["refused"]) == ("new", None)
    assert status["record"]["copies"] == ["good", "good"]
    volume = status["volumes"][0]
    assert (volume["mapped"], volume["exceptions"]) == ("linear", changed)
    assert volume["store_bytes"] == room_bytes(changed)
    assert volume["new_blake2b"] == blake2b(new.read_bytes(), digest_size=32).hexdigest()
    assert volume["image_bytes"] == new.stat().st_size
    assert status["room"]["pending_bytes"] == volume["store_bytes"]
    assert b.digest() == b.partition_digest("system") == image_digest(old)
    return changed


def check_trial(b, old, new, changed, where):
    """On trial: NEW is what is seen, OLD what lies on the partition, the store between them."""
    status = b.status()
    assert (status["phase"], status["running"], status["version"]) == ("trial", "trial", "new")
    assert (status["tries_left"], status["tries_total"]) == (2, 3)
    assert mapped(b) == {"system": "snapshot"}
    assert b.digest() == image_digest(new)
    assert b.partition_digest("system") == image_digest(old)
    exact = exact_store_bytes(changed)
    found = check_store(b.read("/dev/mapper/system-store")[:exact], old.stat().st_size, where)
    assert found == {"schema": 1, "store_bytes": exact, "chunk_sectors": 8,
                     "exceptions": changed, "runs": found["runs"], "ascending": True}


def flags(b):
    """What systemd's units go by, beside the record."""
    return [n for n in b.run("ls /run/cowboot", check=True).split() if n in ("trial", "merging")]


@pytest.mark.parametrize(("store", "kind"), [("file", ()), ("cow", ("--delta",))])
def test_update(board, images, bundle, store, kind):
    """From a bundle with the store itself, and from one that tells it by the old volume."""
    old, new = images.pair()
    b = board(old, store=store)
    b.run("mkdir -p /data/cowboot", check=True)
    before = free_blocks(b)
    room = b.status()["room"]
    assert room["place"].startswith("/data/cowboot" if store == "file" else "/dev/vda")
    assert room["pending_bytes"] == 0

    update = bundle(system=(old, new), args=kind)
    assert (b"\ndelta-bytes " in update.read_bytes()) == bool(kind)
    code, out = b.install(update)
    assert code == 4 and "installed new: reboot to try it (3 tries)" in out
    changed = check_armed(b, old, new)
    if store == "file":
        assert store_files(b) == ["system.store"]
        assert b.run("lsattr /data/cowboot/system.store", check=True).split()[0].count("i") == 1
        assert before - free_blocks(b) == room_bytes(changed) // 4096
    else:
        assert store_files(b) == [] and free_blocks(b) == before
    assert b.status()["room"]["free_bytes"] <= room["free_bytes"] - room_bytes(changed)

    assert b.reboot() == "new"
    check_trial(b, old, new, changed, b.dir)
    assert flags(b) == ["trial"]

    slow_down(b)
    assert b.cowboot("mark-good") == (0, "confirmed new\nmerging in the background; cowboot merge "
                                         "--wait waits for its end\n")
    assert flags(b) == ["merging"]
    speed_up(b)
    code, out = b.cowboot("merge --wait")
    assert code == 0 and out.endswith("merged new: it is the system now\n")
    assert ended(b)[::2] == ("merged", "new") and flags(b) == []
    assert b.status()["version"] == "new"
    last, room_left = b.status()["last"], b.status()["room"]
    assert (last["code"], last["reason"]) == ("merged", "confirmed and merged")
    assert room_left == room
    assert free_blocks(b) == before
    assert b.digest() == b.partition_digest("system") == image_digest(new)

    assert b.reboot() == "new"
    assert ended(b)[::2] == ("merged", "new")
    assert b.boot_json()["plan"] == {"persist": "nothing", "map": "linear", "then": "boot"}
    assert b.digest() == image_digest(new)
    if store == "file":
        check_names(b, old, new, bundle)


def check_names(b, old, new, bundle):
    """A bundle that calls what runs otherwise than the record does, which knows it."""
    swapped = "were OLD and NEW swapped when it was made?\n"
    code, out = b.install(bundle(system=(old, new), version="third"))
    assert code == 1 and out.endswith("what it brings is there already, but this system is new and "
                                      "not third: " + swapped)
    code, out = b.install(bundle(system=(new, old), args=("--from", "old")))
    assert code == 1 and out.endswith("it leads from old to new, but what it was made over is new, "
                                      "which runs: " + swapped)
    code, out = b.install(bundle(system=(new, old), version="fourth", args=("--from", "99")))
    assert code == 4 and "this bundle calls the system that runs 99; it is new" in out
    b.run("cowboot cancel", check=True)
    assert b.status()["version"] == "new"


def test_image_smaller_than_its_volume(board, images, bundle):
    """What lies behind the image is no part of the update, and stays as it is."""
    old, new = images.pair()
    behind = b"behind the image\n".ljust(1 << 20, b"!")

    def make(out):
        out.write_bytes(old.read_bytes() + behind)
    b = board(images.cache.get("longer.ext4", make, old, behind))
    code, out = b.install(bundle(system=(old, new)), options="--progress json")
    said = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    steps = list(dict.fromkeys((line["step"], line["object"]) for line in said))
    assert code == 4
    assert steps == [("reading", "system"), ("installing", "new"), ("verifying", "system")]
    assert [line["percent"] for line in said if line["percent"] in (0, 100)] == [0, 100] * 3
    assert b.reboot() == "new"
    assert b.read("/dev/mapper/system") == new.read_bytes() + behind
    b.run("cowboot mark-good && cowboot merge --wait", check=True)
    assert ended(b)[::2] == ("merged", "new")
    assert b.read_partition("system") == new.read_bytes() + behind


def digests(b):
    return b.digest("/dev/mapper/system"), b.digest("/dev/mapper/vendor")


def test_two_volumes_are_one_update(board, images, bundle):
    old, new = images.pair()
    vendor_old = images.volume()
    vendor_new = images.new(vendor_old)
    all_old = image_digest(old), image_digest(vendor_old)
    all_new = image_digest(new), image_digest(vendor_new)
    update = bundle(system=(old, new), vendor=(vendor_old, vendor_new))
    b = board(old, vendor=vendor_old)
    assert digests(b) == all_old

    # Refused: both go back.
    begin_trial(b, update)
    assert mapped(b) == {"system": "snapshot", "vendor": "snapshot"}
    assert store_devices(b) == ["system-store", "vendor-store"]
    assert store_files(b) == ["system.store", "vendor.store"]
    assert digests(b) == all_new
    assert b.run("cat /vendor/etc/version", check=True).startswith("version new\n")
    assert b.cowboot("mark-bad")[0] == 4
    assert b.reboot() == "old"
    assert ended(b)[::2] == ("reverted", "new")
    assert digests(b) == all_old
    assert b.run("cat /vendor/etc/version", check=True).startswith("version old\n")

    # Confirmed: both stay.
    begin_trial(b, update)
    assert digests(b) == all_new
    assert (b.partition_digest("system"), b.partition_digest("vendor")) == all_old
    b.run("cowboot mark-good && cowboot merge --wait", check=True)
    assert ended(b)[::2] == ("merged", "new")
    assert digests(b) == all_new
    assert (b.partition_digest("system"), b.partition_digest("vendor")) == all_new
