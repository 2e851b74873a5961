# SPDX-License-Identifier: MIT
"""`data`: full, in pieces, missing, with a journal that would write over the stores, of the wrong
kind. An install that cannot be leaves nothing (I9); a boot without data does what its phase
allows."""
import os
import re
import shutil
import subprocess

import disk
import pytest
from board import image_digest
from disk import MIB
from life import whole_life
from ondisk import Store
from points import recovery_after_start, recovery_log, recovery_mapped
from steps import begin_trial, ended, free_blocks, store_devices, store_files

MANY = {"change": 400, "spread": "scattered"}       # 404 chunks, and 16 KiB behind: 1.6 MiB
SOON = "device-timeout 3\n"


def is_refused(b, update, why):
    """An install fails for this reason, and nothing at all is left of it."""
    b.run("mkdir -p /data/cowboot", check=True)
    free, meta = free_blocks(b), b.read_partition("meta")
    code, out = b.install(update)
    assert (code, out) == (1, f"cowboot: cannot install /run/bundle: {why}\n")
    assert free_blocks(b) == free and store_files(b) == [] and store_devices(b) == []
    status = b.status()
    assert (status["phase"], status["running"]) == ("idle", "confirmed")
    assert status["last"]["result"] == "none"
    return meta


# ---- full ----------------------------------------------------------------------------------------

def test_data_is_full(board, images, bundle):
    old, new = images.pair(**MANY)
    update = bundle(system=(old, new))
    b = board(old)
    b.run("fallocate -l $((($(stat -f -c %a /data) - 300) * 4096)) /data/ballast", check=True)
    is_refused(b, update, "the store of system needs 2 MiB on /data/cowboot, 1 MiB are free")
    assert b.reboot() == "old"
    assert ended(b) == ("none", None, None)
    assert b.digest() == image_digest(old)
    b.run("rm /data/ballast", check=True)
    begin_trial(b, update)


def test_cow_is_too_small(board, images, bundle):
    old, new = images.pair(**MANY)
    b = board(old, store="cow", cow_mib=1)
    is_refused(b, bundle(system=(old, new)),
               "its stores need 1632 KiB, the partition /dev/vda5 has 1024 KiB")
    assert b.read_partition("cow") == bytes(MIB)


# ---- in pieces -----------------------------------------------------------------------------------

def test_store_in_over_100_pieces(board, images, bundle):
    old, new = images.pair(**MANY)
    b = board(old, data=images.data(piece_blocks=2))
    pieces = []
    install = b.install

    def install_and_look(update):
        answer = install(update)
        b.run("sync", check=True)
        pieces.extend(Store(b).extents)
        return answer
    b.install = install_and_look
    whole_life(b, old, new, bundle(system=(old, new)))
    assert len(pieces) > 100


# ---- a journal, and the wrong kind ---------------------------------------------------------------

def data_journal(images):
    source = images.data()

    def make(out):
        shutil.copyfile(source, out)
        subprocess.run(["/sbin/tune2fs", "-o", "journal_data", out], check=True,
                       env=os.environ | disk.EPOCH, stdout=subprocess.DEVNULL)
    return images.cache.get("data-journal.img", make, source)


def data_ext2(images):
    """What the driver mounts as ext4 all the same."""
    def make(out):
        disk.make_zeros(out, 48 * MIB)
        subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext2", "-b", "4096", out], check=True,
                       env=os.environ | disk.EPOCH)
    return images.cache.get("data-ext2.img", make, "ext2")


def test_data_journal_by_its_superblock(board, images, bundle):
    old, new = images.pair()
    update = bundle(system=(old, new))
    b = board(old, data=data_journal(images))
    meta = is_refused(b, update, "cannot keep stores on /data/cowboot: data=journal would write "
                                 "old content over them; mount it with data=ordered")
    assert b.read_partition("meta") == meta
    # What it says helps.
    b = board(old, data=data_journal(images), data_options="rw,data=ordered")
    begin_trial(b, update)


def test_data_journal_of_the_folder(board, images, bundle):
    old, new = images.pair()
    b = board(old)
    b.run("mkdir /data/cowboot && chattr +j /data/cowboot", check=True)
    meta = is_refused(b, bundle(system=(old, new)),
                      "cannot keep stores on /data/cowboot: its files' data goes through the "
                      "journal; clear that with chattr -j")
    assert b.read_partition("meta") == meta
    b.run("chattr -j /data/cowboot", check=True)
    begin_trial(b, bundle(system=(old, new)))


def test_data_without_extents(board, images, bundle):
    old, new = images.pair()
    b = board(old, data=data_ext2(images))
    is_refused(b, bundle(system=(old, new)),
               "cannot make the store of system on /data/cowboot: the file system does not "
               "reserve blocks: Not supported")


CONTRADICTIONS = [
    ("ext4 rw,data=journal", "data=journal would write old content over the stores"),
    ("vfat rw", "stores can be files on ext4 only, not on vfat"),
    ("ext4 ro", "stores cannot be files on a read-only data"),
]


@pytest.mark.parametrize("how, why", CONTRADICTIONS, ids=["journal", "vfat", "read-only"])
def test_configuration_of_data(board, how, why):
    """Refused before any disk is touched."""
    b = board(conf=f"data PARTLABEL=data /data {how}\n", boot=False)
    before = b.digests()
    reason = recovery_after_start(b)
    assert re.fullmatch(rf"cannot use /etc/cowboot\.conf: line \d+: {re.escape(why)}", reason)
    assert recovery_mapped(b) == set()
    b.cut()
    assert b.digests() == before


# ---- missing -------------------------------------------------------------------------------------

GONE = ("cannot use the store of system: the partition that the stores lie on (PARTLABEL=data) is not "
        "there")


def test_data_is_missing_in_idle(board, images, bundle):
    old, new = images.pair()
    b = board(old, data=None, conf=SOON)
    # The 3 s are for all partitions; how many are left for data is a matter of how busy the host is.
    assert re.search("data: cannot find PARTLABEL=data: there is no such partition after [1-3] s", b.dmesg())
    assert b.run("mountpoint -q /data")[0] != 0
    assert (b.status()["phase"], b.status()["running"]) == ("idle", "confirmed")
    assert b.digest() == image_digest(old)
    code, out = b.install(bundle(system=(old, new)))
    assert code == 1 and out.endswith("cowboot: cannot install /run/bundle: the data partition, "
                                      "PARTLABEL=data, is not there\n")
    assert b.read_partition("meta").strip(b"\0") == b""


def test_data_is_missing_in_a_trial(at):
    p = at("trial", two_disks=True, conf=SOON)
    b = p.b
    second = b.disks.pop()
    b.start()
    assert b.wait_up() == "old"
    assert b.resets() == 0
    assert b.status()["last"]["reason"] == f"a store is missing: {GONE}"
    assert ended(b)[::2] == ("reverted", "new")
    assert b.digest() == image_digest(p.old)
    b.poweroff()
    # It comes back: nobody needs what is left on it.
    b.disks.append(second)
    b.start()
    assert b.wait_up() == "old"
    assert ended(b)[::2] == ("reverted", "new")
    assert free_blocks(b) == p.free


def test_data_is_missing_while_merging(at):
    p = at("merging", two_disks=True, conf=SOON)
    b = p.b
    second = b.disks.pop()
    before = b.digests("meta", "system")
    assert recovery_after_start(b) == "a store is missing, and its merge has begun"
    assert GONE in recovery_log(b)
    assert recovery_mapped(b) == set()
    b.cut()
    assert b.digests("meta", "system") == before
    # It comes back: the merge ends.
    b.disks.append(second)
    b.start()
    assert b.wait_up() == "new"
    b.run("cowboot merge --wait", check=True)
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == b.partition_digest("system") == image_digest(p.new)


def test_a_trial_without_the_file_system_of_data(at):
    """The store can be tried, since it says itself whose it is; but no merge may begin over blocks
    that may be anybody's."""
    p = at("trial")
    b = p.b
    b.corrupt("data", 1024, bytes(1024))
    b.start()
    assert b.wait_up() == "new"
    assert b.status()["running"] == "trial"
    assert b.digest() == image_digest(p.new)
    code, out = b.cowboot("mark-good")
    assert code == 1
    assert "cannot confirm new, nothing was changed: the store of system is a file, and cannot be "\
        "compared" in out
    assert b.status()["phase"] == "trial"
    assert b.cowboot("mark-bad")[0] == 4
    assert b.reboot() == "old"
    assert ended(b)[::2] == ("reverted", "new")
    assert b.digest() == b.partition_digest("system") == image_digest(p.old)
