# SPDX-License-Identifier: MIT
"""Looking has no effects (I17): whoever asks for the status, however often, changes nothing and is
in nobody's way. On a board without an ESP, and on one whose boot slots are files on it."""
import json
import time

import pytest

from board import image_digest
from steps import begin_trial, ended, left, slow_down, speed_up, wait_until

# Two of these at once, without a pause: what is said, exit codes, and what is mounted meanwhile.
POLLER = """
to=/run/look/$1
while true; do
    cowboot status > /dev/null 2>> $to.err
    echo "$?" >> $to.codes
    cowboot status --json >> $to.json 2>> $to.err
    echo "$?" >> $to.codes
    cowboot status --explain > /dev/null 2>> $to.err
    echo "$?" >> $to.codes
    cowboot status --json --explain >> $to.json 2>> $to.err
    echo "$?" >> $to.codes
    md5sum < /proc/self/mountinfo >> $to.mounts
done
"""
POLLERS = ("one", "two")


class Looks:
    """Pollers in the guest, as long as the `with` lasts; then what they saw is judged."""

    def __init__(self, b):
        self.b = b

    def __enter__(self):
        self.b.run("rm -rf /run/look; mkdir /run/look", check=True)
        self.b.channel.put("/run/look/poller", POLLER.encode())
        self.mounts = self.b.run("md5sum < /proc/self/mountinfo", check=True).strip()
        for name in POLLERS:
            self.b.run(f"sh /run/look/poller {name} < /dev/null > /dev/null 2>&1 &", check=True)
        self.wait(len(POLLERS))
        return self

    def count(self):
        return int(self.b.run("cat /run/look/*.codes 2> /dev/null | wc -l", check=True))

    def wait(self, more):
        """Until so many looks more have ended."""
        end = self.count() + more
        wait_until(lambda: self.count() >= end, f"{more} more looks")

    def __exit__(self, kind, *_):
        b = self.b
        b.run("pkill -f '[r]un/look/poller'", check=True)
        wait_until(lambda: b.run("pgrep cowboot")[0], "the last looks end")
        if kind:
            return
        for name in POLLERS:
            codes = b.run(f"cat /run/look/{name}.codes", check=True).split()
            assert len(codes) >= 4 and set(codes) == {"0"}, b.run(f"cat /run/look/{name}.err")[1]
            mounts = b.run(f"cat /run/look/{name}.mounts", check=True).splitlines()
            assert set(mounts) <= {self.mounts}
            for text in split(b.channel.get(f"/run/look/{name}.json").decode()):
                status = json.loads(text)
                assert status["record"]["health"] in ("good", "new"), status
                # A verb may be at work on the entries, but some entry can always be used.
                assert not status["slots"] or status["slots"]["block"] != "damaged", status


def split(text):
    """The JSON texts that stand one behind the other."""
    decoder, at = json.JSONDecoder(), 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        _, end = decoder.raw_decode(text, at)
        yield text[at:end]
        at = end


def look_for_nothing(b, seconds=3):
    """Only looks: no mount, no mapping, no write to the disk comes of them."""
    def around():
        return (b.run("cat /proc/self/mountinfo; ls -l /dev/mapper; ls -lR /run/cowboot", check=True),
                b.digests())

    b.run("sync", check=True)
    before, wrote = around(), len(b.writes())
    with Looks(b) as looks:
        looks.wait(8)
        time.sleep(seconds)
    assert around() == before
    assert b.writes()[wrote:] == []


def verbs_beside_looks(b, update):
    """From idle to idle, and every verb that changes something does what it does without looks."""
    look_for_nothing(b)
    with Looks(b):
        code, out = b.install(update, timeout=600)
        assert code == 4, out
        assert b.cowboot("mark-bad 'no good'", 120)[0] == 0
        assert b.cowboot("cancel", 120)[0] == 0
        code, out = b.install(update, timeout=600)
        assert code == 4, out
        assert b.cowboot("cancel", 120)[0] == 0
        code, out = b.install(update, timeout=600)
        assert code == 4, out
    look_for_nothing(b, 1)
    assert b.reboot(240) == "new"
    look_for_nothing(b, 1)
    slow_down(b)
    with Looks(b) as looks:
        code, out = b.cowboot("mark-good", 240)
        assert code == 0, out
        looks.wait(8)
        assert left(b) >= 0
        speed_up(b)
        code, out = b.cowboot("merge --wait", 240)
        assert code == 0, out
    status = b.status()
    assert (status["phase"], status["last"]["result"]) == ("idle", "merged")


def test_beside_every_verb(board, images, bundle):
    old, new = images.pair(change=200, spread="scattered")
    verbs_beside_looks(board(old, log=True), bundle(system=(old, new)))


def test_beside_the_verbs_of_the_way_back(board, images, bundle):
    """A trial that is refused while it runs; what is kept, gone back to, and forgotten."""
    old, new = images.pair(change=200, spread="scattered")
    update = bundle(system=(old, new), args=("--from", "old"))
    b = board(old, conf="keep-old must\n")
    begin_trial(b, update)
    with Looks(b) as looks:
        assert b.cowboot("mark-bad 'no good'", 120)[0] == 4
        looks.wait(8)
    assert b.reboot() == "old"
    assert ended(b)[::2] == ("reverted", "new")
    begin_trial(b, update)
    with Looks(b) as looks:
        code, out = b.cowboot("mark-good --wait", 240)
        assert code == 0, out
        assert b.cowboot("rollback", 120)[0] == 4
        looks.wait(8)
        assert b.cowboot("cancel", 120)[0] == 0
        assert b.cowboot("rollback", 120)[0] == 4
    assert b.reboot() == "old"
    with Looks(b) as looks:
        code, out = b.cowboot("mark-good --wait", 240)
        assert code == 0, out
        looks.wait(8)
        assert b.cowboot("forget", 120)[0] == 0
        looks.wait(8)
    status = b.status()
    assert (status["phase"], status["last"]["result"], status["kept"]) == ("idle", "merged", None)
    assert b.digest() == image_digest(old)


@pytest.mark.boards
def test_beside_every_verb_on_an_esp(board, images, bundle, program):
    old, new = images.pair(change=200, spread="scattered")
    b = board(old, efi=True, log=True)
    update = bundle(system=(old, new), boot=program(), board="qemu-efi")
    # What the system has mounted to read only stays so. To write, the file system is shared.
    b.run("mkdir /run/efi; mount -t vfat -o ro /dev/vda1 /run/efi", check=True)
    code, out = b.install(update, timeout=600)
    assert code == 1 and "cannot write to the ESP /dev/vda1: it is mounted read-only elsewhere" in out
    assert b.status()["slots"]["block"] == "good" and b.status()["phase"] == "idle"
    b.run("mount -o remount,rw /run/efi", check=True)
    verbs_beside_looks(b, update)
    assert b.reboot(240) == "new"
