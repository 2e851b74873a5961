# SPDX-License-Identifier: MIT
"""Installs that must not happen, or do not come to their end (I9): a clear line, the right exit
code, the running system and the next boot as they were, the space free again. What is refused
before the first write leaves the record as it was, byte for byte."""
import struct

from board import image_digest, without_progress
from steps import ended, free_blocks, mapped, slow_pipe, store_devices, store_files, wait_until

HEADER_BYTES = 64
MANIFEST_LENGTH = struct.Struct("<12xI")
BUNDLE = "cowboot: cannot install /run/bundle: "


def flip(data, at, bit=0):
    out = bytearray(data)
    out[at] ^= 1 << bit
    return bytes(out)


class Untouched:
    """What a failed install must leave as it was. The record's bytes (meta) are compared only as
    long as nothing was staged; what it says, always."""

    def __init__(self, b, images):
        b.run("mkdir -p /data/cowboot", check=True)
        self.b, self.old, self.blocks = b, images.old(), free_blocks(b)
        self.meta, self.last = b.read_partition("meta"), b.status()["last"]

    def check(self, staged):
        assert staged or self.b.read_partition("meta") == self.meta
        status = self.b.status()
        assert (status["phase"], status["running"]) == ("idle", "confirmed")
        assert status["last"] == self.last
        assert store_files(self.b) == [] and store_devices(self.b) == []
        assert free_blocks(self.b) == self.blocks
        assert self.b.partition_digest("system") == image_digest(self.old)

    def install(self, data, reason, staged=False):
        assert self.b.install(data) == (1, f"{BUNDLE}{reason}\n")
        self.check(staged)


def test_damaged_before_the_stores(board, images, bundle):
    """What header and manifest tell is refused before anything is written."""
    good = bundle(system=images.pair()).read_bytes()
    manifest_bytes, = MANIFEST_LENGTH.unpack_from(good)
    begin = HEADER_BYTES + manifest_bytes       # of the payload
    untouched = Untouched(board(), images)
    for data, reason in [
        (b"", "truncated at byte 0"),
        (good[:40], "truncated at byte 40"),
        (good[:begin - 10], f"truncated at byte {begin - 10}"),
        (bytes(len(good)), "it is no bundle"),
        (flip(good, 0), "it is no bundle"),
        (flip(good, 8, 1), "its header and its manifest are of different formats"),
        (flip(good, 8, 3), "its format is 9, this cowboot reads 1 to 7"),
        (flip(good, 13, 7),
         f"its header is damaged: a manifest of {manifest_bytes ^ 0x8000} bytes"),
        (flip(good, 16), "it says it is signed, and format 1 has no signatures"),
        (flip(good, 25), "its header is damaged"),
        (flip(good, 40), "its manifest is damaged"),
        (flip(good, HEADER_BYTES + 50, 3), "its manifest is damaged"),
    ]:
        untouched.install(data, reason)


def test_damaged_in_the_stores(board, images, bundle):
    """What only the payload shows is found while or after the stores are laid down."""
    good = bundle(system=images.pair()).read_bytes()
    b = board()
    untouched = Untouched(b, images)
    half = len(good) // 2
    untouched.install(good[:half], f"truncated at byte {half} of {len(good)}", staged=True)
    untouched.install(good[:-1], f"truncated at byte {len(good) - 1} of {len(good)}", staged=True)
    untouched.install(good + b"\0", f"padded: it ends at byte {len(good)}, and more follows",
                      staged=True)
    begin = HEADER_BYTES + MANIFEST_LENGTH.unpack_from(good)[0]
    for at in (begin, begin + 100, half, len(good) - 1):
        code, out = b.install(flip(good, at, 5))
        assert code == 1 and out.startswith(f"{BUNDLE}the payload of volume system is damaged: ")
        untouched.check(staged=True)

    # And the good one still goes in.
    assert b.install(good)[0] == 4
    assert b.reboot() == "new"


def test_bundle_that_does_not_fit(board, images, bundle):
    """Whole, but not for this board as it is."""
    old, new = images.pair()
    large, volume = images.old(size_mib=20), images.volume()
    b = board()
    untouched = Untouched(b, images)
    untouched.install(bundle(system=(old, new), board="other"),
                      'it is for board "other", this is "qemu-virt"')
    untouched.install(bundle(system=(images.new(old, seed=3), new)),
                      "it was made over a different base than the system that is here; make it "
                      "from the image that runs")
    untouched.install(bundle(system=(large, images.new(large))),
                      f"it was made over another system: the old image has {20 << 20} bytes, "
                      f"/dev/vda4 only {16 << 20}")
    untouched.install(bundle(firmware=(volume, images.new(volume))),
                      'it is for a volume "firmware", which this board has not')
    untouched.install(bundle(system=(old, new), firmware=(volume, images.new(volume))),
                      'it is for a volume "firmware", which this board has not')
    assert b.cowboot("install /run/nothing") == (
        1, "cowboot: cannot install /run/nothing: cannot open it: No such file or directory\n")
    code, out = b.cowboot("install /run")
    assert code == 1 and out.startswith("cowboot: cannot install /run: ")
    untouched.check(staged=False)


def test_install_what_runs_already(board, images, bundle):
    old, new = images.pair()
    b = board(new)
    assert b.install(bundle(system=(old, new))) == (
        2, "cowboot: nothing to install: what new brings is there already\n")
    assert b.status()["record"]["health"] == "new"


def begin_install(b, data, pipe="cowboot install -"):
    """Starts an install whose bundle comes to a stop half way, and waits until it has begun."""
    b.channel.put("/run/part", data[:len(data) // 2])
    b.run(f"{slow_pipe('/run/part', len(data))} | {pipe} > /run/out 2>&1 & sleep 0", check=True)
    wait_until(lambda: b.status()["phase"] == "staging", "the install begins")
    wait_until(lambda: store_devices(b), "the store is being filled")


def test_install_from_standard_input(board, images, bundle):
    old, new = images.pair()
    b = board()
    b.channel.put("/run/bundle", bundle(system=(old, new)).read_bytes())
    assert b.run("cat /run/bundle | cowboot install -") == (
        4, "installed new: reboot to try it (3 tries)\n")
    assert b.reboot() == "new"


def test_signal_while_installing(board, images, bundle):
    good = bundle(system=images.pair()).read_bytes()
    b = board()
    untouched = Untouched(b, images)
    begin_install(b, good, "{ cowboot install -; echo $? >> /run/out; }")
    assert store_files(b) == ["system.store"]
    for verb in ("install /run/part", "cancel"):    # one at a time
        assert b.cowboot(verb) == (1, f"cowboot: cannot {verb.split()[0]}: another cowboot is at "
                                      "work; try again when it is done\n")
    b.run("kill -TERM $(pidof cowboot)", check=True)
    wait_until(lambda: b.run("pidof cowboot")[0], "the install ends")
    wait_until(lambda: b.run("cat /run/out")[1].endswith("\n1\n"), "its exit code")
    assert without_progress(b.run("cat /run/out", check=True)) == (
        "cowboot: cannot install standard input: stopped by signal 15\n1\n")
    untouched.check(staged=True)
    assert b.reboot() == "old"
    untouched.check(staged=True)


def test_power_cut_while_installing(board, images, bundle):
    good = bundle(system=images.pair()).read_bytes()
    b = board()
    untouched = Untouched(b, images)
    begin_install(b, good)
    b.cut()
    b.start()
    assert b.wait_up() == "old"
    assert b.boot_json()["plan"] == {"persist": "drop", "map": "linear", "then": "boot"}
    assert ended(b)[::2] == ("cancelled", "new")
    assert b.status()["last"]["reason"] == "the install was interrupted"
    assert free_blocks(b) == untouched.blocks
    assert b.digest() == b.partition_digest("system") == image_digest(images.old())
    assert b.install(good)[0] == 4
    assert b.reboot() == "new"


def test_install_killed(board, images, bundle):
    """Nothing could clear up after it: the next command does."""
    good = bundle(system=images.pair()).read_bytes()
    b = board()
    untouched = Untouched(b, images)
    begin_install(b, good)
    b.run("kill -KILL $(pidof cowboot)", check=True)
    assert (b.status()["phase"], b.status()["running"]) == ("staging", "confirmed")
    for verb in ("mark-good", "mark-bad", "merge"):
        assert b.cowboot(verb)[0] == 3
    assert b.cowboot("cancel") == (0, "cancelled new: nothing is pending\n")
    assert ended(b)[::2] == ("cancelled", "new")
    assert free_blocks(b) == untouched.blocks
    begin_install(b, good)
    b.run("kill -KILL $(pidof cowboot)", check=True)
    assert b.install(good)[0] == 4
    assert mapped(b) == {"system": "linear"} and b.status()["phase"] == "trial"
