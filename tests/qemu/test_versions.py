# SPDX-License-Identifier: MIT
"""Boot slots with initramfs of different age: the last cowboot that knew version 1 of the record only,
and this one, each the confirmed one and the one on trial in turn."""
import struct

import pytest

import artefacts
import past
from board import image_digest
from ondisk import copy_of, has_tail, split

KNOWS, A, B = 3, 0, 16      # the section with what each init knows


@pytest.fixture(scope="session")
def older():
    programs = past.programs()
    if not programs:
        pytest.skip("there is no history to build an older cowboot from")
    return programs


@pytest.fixture
def roots(cache, images, older):
    """(version, whose cowboot) -> the image of a root."""
    with_older = artefacts.Images(cache, images.programs | {"usr/sbin/cowboot": older["cowboot"]})
    return {"older": with_older.built("ext4", "old"), "newer": images.built("ext4", "new"),
            "older again": with_older.built("ext4", "third")}


def section(record, kind):
    """The content of the tail's section of that kind; empty where it is not there."""
    _, tail = split(record)
    at = 64
    while tail and struct.unpack_from("<I", tail, at)[0]:
        found, length = struct.unpack_from("<II", tail, at)
        if found == kind:
            return tail[at + 8:at + 8 + length]
        at += 8 + length
    return b""


def format_known(b, slot):
    """The latest version that the init of that slot has said it knows; 0: it has said nothing."""
    record = copy_of(b, "A")
    assert copy_of(b, "B") == record
    content = section(record, KNOWS)
    return struct.unpack_from("<I", content, slot)[0] if content else 0


def kernel_of(b):
    return b.run("cat /proc/cmdline", check=True).split("cowboot.slot=")[1][0]


def at_rest(b, version, slot, result, image):
    status = b.status()
    assert (status["phase"], status["version"], status["running"]) == ("idle", version, "confirmed")
    assert status["record"]["copies"] == ["good", "good"] and status["record"]["why"] is None
    assert (status["last"]["result"], kernel_of(b)) == (result, slot)
    assert b.digest() == image_digest(image)


def confirm(b):
    b.run("cowboot mark-good", check=True)
    b.run("cowboot merge --wait", check=True)


def test_slots_of_different_age(board, cache, older, roots, bundle, slot):
    own = artefacts.configuration("# require-signature, keep-old: not known to it\n", None, "file", None)
    aged = artefacts.initramfs(cache, own, {"init": older["init"]})
    b = board(roots["older"], uboot=True, files={"init": older["init"]}, data_mib=96,
              conf="# require-signature, keep-old: not known to it\n")

    # The older one installs it, this one tries it, refuses it, and the older one goes back.
    update = bundle(version="new", system=(roots["older"], roots["newer"]), boot=slot())
    assert b.install(update)[0] == 4
    assert not has_tail(split(copy_of(b, "A"))[0])
    assert b.reboot() == "new"
    assert kernel_of(b) == "b" and b.status()["tries_left"] == 2
    assert (format_known(b, A), format_known(b, B)) == (0, 2)
    assert b.cowboot("mark-bad too-new")[0] == 4
    assert b.reboot() == "old"
    assert kernel_of(b) == "a" and "too-new" in b.status()["last"]["reason"]
    at_rest(b, b.status()["version"], "a", "reverted", roots["older"])

    # Once more, and it is confirmed.
    assert b.install(update)[0] == 4
    assert b.reboot() == "new"
    confirm(b)
    at_rest(b, "new", "b", "merged", roots["newer"])
    assert (format_known(b, A), format_known(b, B)) == (0, 2)
    assert b.reboot() == "new"

    # The other way: this one installs an older cowboot, which tries it, and is confirmed.
    update = bundle(version="third", system=(roots["newer"], roots["older again"]),
                    boot=slot(initrd=aged))
    assert b.install(update)[0] == 4
    assert has_tail(split(copy_of(b, "A"))[0]) and format_known(b, A) == 0
    assert b.reboot() == "third"
    assert kernel_of(b) == "a" and b.status()["tries_left"] == 2
    assert not has_tail(split(copy_of(b, "A"))[0])
    confirm(b)
    at_rest(b, "third", "a", "merged", roots["older again"])
    assert b.reboot() == "third"
    at_rest(b, "third", "a", "merged", roots["older again"])
