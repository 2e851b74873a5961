# SPDX-License-Identifier: MIT
"""Boards that are up, saved with their disks. Many scenarios begin with the same idle boot of the same
board: it is made some times in a session, and the others go on from where the last of these had come to.
"""
import fcntl
import shutil
import subprocess

from saved import save

# A saved board takes 90 MB, and most of them are wanted once or twice. A start by U-Boot takes four times
# as long as one from a saved guest: it is worth that at once.
TIMES, TIMES_UBOOT = 3, 1


def copy_disk(source, target):
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", source, target], check=True)


def can_save(b):
    """Whether all there is of it is its disks and what QEMU saves: no log of writes, no failing requests,
    no other devices."""
    plain = all(not (disk.inject or disk.log) and disk.bus in ("virtio", "virtio-mmio") for disk in b.disks)
    return plain and not (b.extra or b.efi or b.watchdog)


def bring_up(b, where):
    """Switches a board on and waits until it is up; where is the folder of all that begin like it."""
    if (where / "version").exists():
        _go_on(b, where)
        return
    where.mkdir(exist_ok=True)
    b.start()
    b.wait_up()
    with open(where / "lock", "a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("*")
        lock.flush()
        if lock.tell() == (TIMES_UBOOT if b.uboot else TIMES):
            _save(b, where)


def _save(b, where):
    save(b, where / "guest")
    for n, image in enumerate(b.images):
        copy_disk(image, where / str(n))
    if b.uboot:
        copy_disk(b.dir / "env.img", where / "env.img")
    (where / "serial").write_bytes(b.serial.data)
    (where / "version").write_text(b.channel.version)       # the last: now it can be used
    b.qmp("cont")
    b.qmp.changed = False       # it is what it was


def _go_on(b, where):
    for n, image in enumerate(b.images):
        copy_disk(where / str(n), image)
    if b.uboot:
        shutil.copy(where / "env.img", b.dir)
    b.start_up(where / "guest")
    b.serial.go_on((where / "serial").read_bytes(), 0)
    b.channel.version = (where / "version").read_text()
