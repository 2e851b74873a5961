# SPDX-License-Identifier: MIT
"""Trials that cannot even be started: the very boot that finds out goes back to OLD, on all volumes
together (I12), without a reset (I10); the record and the status say why."""
import shutil

import pytest
from board import image_digest
from ondisk import CHUNK_BYTES, Store
from steps import comes_back, ended, free_blocks, log_lines
from tiny import image

CANNOT_MOUNT, NO_INIT = ("the new system cannot be mounted: ",
                         "the new system has no init that can be started: ")


def edited(images, source, *commands):
    """The ext4 image with debugfs' commands carried out on it."""
    def make(out):
        shutil.copyfile(source, out)
        for command in commands:
            image._tool("debugfs", "-w", "-R", command, out)
    return images.cache.get("edited.ext4", make, source, commands)


def is_back(b, old, free, why, resets=1):
    comes_back(b, old, free, why, resets)
    # For good, and nothing of it is left: the next boot is a quiet one.
    assert b.reboot() == "old"
    assert b.boot_json()["reason"] == "no update is pending"
    assert b.status()["last"]["reason"] == why


def install(b, update):
    b.run("mkdir -p /data/cowboot", check=True)
    free = free_blocks(b)
    code, out = b.install(update)
    assert code == 4, out
    return free


# ---- the new root --------------------------------------------------------------------------------

LINK = "symlink /sbin/init"
ROOTS = {
    "no /run": (["rmdir run"], "cannot enter the new root: it has no directory /run"),
    "no place for data": (["rmdir data"], None),
    "init is a dangling link": (["unlink sbin/init", f"{LINK} /usr/lib/systemd/systemd"],
                                "cannot find /sbin/init in the new root: No such file or directory"),
    "init is a loop of links": (["unlink sbin/init", f"{LINK} /sbin/init"],
                                "cannot find /sbin/init in the new root: Symbolic link loop"),
    "init may not be run": (["sif sbin/init mode 0100644"],
                            "cannot run /sbin/init: it is not a program"),
    "init is a directory": (["unlink sbin/init", "mkdir sbin/init"],
                            "cannot run /sbin/init: it is not a program"),
    "init is empty": (["unlink sbin/init", "write /dev/null sbin/init",
                       "sif sbin/init mode 0100755"],
                      "cannot run /sbin/init: it is neither a program nor a script"),
    "init is for nobody": (["unlink sbin/init", "write /etc/passwd sbin/init",
                            "sif sbin/init mode 0100755"],
                           "cannot run /sbin/init: it is neither a program nor a script"),
}


@pytest.mark.parametrize("name", ROOTS)
def test_new_root(board, images, bundle, name):
    commands, why = ROOTS[name]
    old = images.old()
    new = edited(images, images.new(old), *commands)
    b = board(old)
    free = install(b, bundle(system=(old, new)))
    b.begin_reboot()
    if why:
        is_back(b, old, free, NO_INIT + why)
    else:   # it can be started, without data
        assert b.wait_up() == "new"


# ---- the other volume ----------------------------------------------------------------------------

@pytest.fixture
def two(board, images, bundle):
    """A board with an update of both its volumes installed: (board, free blocks before it)."""
    def make(spoil=None):
        old, new = images.pair()
        vendor_old = images.volume()
        vendor_new = images.new(vendor_old)
        b = board(old, vendor=vendor_old)
        free = install(b, bundle(system=(old, new), vendor=(
            vendor_old, spoil(vendor_new) if spoil else vendor_new)))
        return b, old, vendor_old, free
    return make


def test_other_volume_cannot_be_mounted(two, images):
    b, old, vendor_old, free = two(images.unmountable)
    b.begin_reboot()
    is_back(b, old, free, f"{CANNOT_MOUNT}cannot mount /dev/mapper/vendor on /mnt/root" "/vendor as "
                          "ext4: Invalid argument")
    assert b.digest("/dev/mapper/vendor") == b.partition_digest("vendor") == image_digest(vendor_old)


@pytest.mark.parametrize("name", ["system", "vendor"])
def test_one_of_two_stores_is_gone(two, name):
    b, old, vendor_old, free = two()
    path = f"/data/cowboot/{name}.store"
    b.run(f"chattr -i {path} && rm {path}", check=True)
    b.begin_reboot()
    is_back(b, old, free, f"a store is missing: cannot open /mnt{path}: No such file or directory")
    assert b.digest("/dev/mapper/vendor") == b.partition_digest("vendor") == image_digest(vendor_old)


# ---- the disk below the store --------------------------------------------------------------------

def fail_reads(b, offset_bytes):
    """From the next start on, the disk cannot read that place of the store."""
    store = Store(b)
    sector = b.sector(store.label, store.extents[0].at + offset_bytes)
    b.disks[0].inject = [{"event": "none", "iotype": "read", "sector": sector, "errno": 5}]


def test_list_of_the_store_cannot_be_read(at):
    p = at("trial")
    fail_reads(p.b, CHUNK_BYTES)
    offset_bytes = Store(p.b).extents[0].at + CHUNK_BYTES
    p.b.start()
    is_back(p.b, p.old, p.free, "a store is damaged: the store of system cannot be used: cannot read "
                                f"4096 bytes at {offset_bytes} of /dev/vda5: I/O error", resets=0)


def test_superblock_in_the_store_cannot_be_read(board, images, bundle):
    """The list is whole, so a try is spent; that much of the new system cannot be read."""
    old, new = images.pair()
    new = edited(images, new, "ssv volume_name new")
    b = board(old)
    free = install(b, bundle(system=(old, new)))
    b.poweroff()
    old_chunk, new_chunk = Store(b).entry(0)
    assert old_chunk == 0
    fail_reads(b, new_chunk * CHUNK_BYTES)
    b.start()
    is_back(b, old, free, f"{CANNOT_MOUNT}cannot mount /dev/mapper/system on /mnt/root as ext4: "
                          "I/O error", resets=0)


def test_partition_of_the_stores_is_gone(at):
    p = at("trial", store="cow", two_disks=True, conf="device-timeout 3\n")
    second = p.b.disks.pop()
    p.b.start()
    assert p.b.wait_up() == "old"
    assert p.b.resets() == 0
    assert p.b.status()["last"]["reason"] == (
        "a store is missing: cannot use the store of system: the partition that the stores lie on "
        "(PARTLABEL=cow) is not there")
    assert p.b.digest() == image_digest(p.old)
    assert log_lines(p.b, "(?i)oops|bug:|call trace") == []
    p.b.poweroff()
    p.b.disks.append(second)
    p.b.start()
    assert p.b.wait_up() == "old"
    assert ended(p.b)[::2] == ("reverted", "new")
