# SPDX-License-Identifier: MIT
"""A bundle with a kernel of its own, by the real U-Boot: the new kernel is good, and every way in
which it is not; the power cut between any two writes of slot, block and record.

Nothing arms a watchdog before init here: a kernel that hangs is ended by the reset button, which
stands for the hardware watchdog that a board's loader starts.
"""
import struct
import subprocess
import zlib

import pytest

from artefacts import OTHER_KERNEL, configuration, initramfs
from board import LOG_DISCARD, LOG_MAGIC, image_digest
from menus import choose, offered, screen
from ondisk import damage_both
from steps import left, mapped, slow_down, wait_merging

HANG = 0x14000000           # b .
ARM64_MAGIC = 0x644D5241
BLOCK_AT = (262144, 786432)
MANY = "/run/" + "/".join("d" * 240 for _ in range(4))      # a long line in the list of mounts


def kernel_stub(path, instruction):
    """An arm64 Image that U-Boot takes for a kernel, and that does one thing."""
    head = struct.pack("<IIQQQQQQII", instruction, 0, 0, 0x10000, 0xA, 0, 0, 0, ARM64_MAGIC, 0)
    path.write_bytes(head.ljust(4096, b"\0"))
    return path


def kernel_of(b):
    return b.run("cat /proc/cmdline", check=True).split("cowboot.slot=")[1][0]


def blocks(b):
    """(good, trial, tries) of both copies of the boot block, as the disk has them."""
    meta = b.read_partition("meta")
    return [(chr(meta[at + 9]), chr(meta[at + 10]) if meta[at + 10] else None, meta[at + 11])
            if meta[at:at + 8] == b"COWSLOT\n" else None for at in BLOCK_AT]


def ended_old(b, old, why):
    """The old system under its own kernel, and the record says why."""
    status = b.status()
    assert (status["phase"], status["running"]) == ("idle", "confirmed")
    assert status["last"]["result"] == "reverted" and why in status["last"]["reason"], status
    assert status["slots"]["running"] == "a" == kernel_of(b)
    assert b.digest() == image_digest(old)
    b.run("sync")
    assert [x[0] for x in blocks(b)] == ["a", "a"] and blocks(b)[0][1] is None


def refuses_a_mounted_slot(b, update, tmp_path):
    """By whatever name it is mounted, and however many mounts there are besides."""
    image = tmp_path / "small.img"
    subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext4", image, "1M"], check=True)
    b.channel.put("/run/small.img", image.read_bytes())
    b.run("dd if=/run/small.img of=/dev/vda3 conv=fsync && ln -s vda3 /dev/slot_b && "
          f"mkdir -p /run/m {MANY} && mount -t ext4 -o ro /dev/slot_b /run/m && "
          f"for i in $(seq 80); do mount -t tmpfs -o size=4k x {MANY} || exit; done",
          check=True, timeout=180)
    assert int(b.run("wc -c < /proc/self/mounts", check=True)) > 64 * 1024
    code, out = b.install(update)
    assert (code, "/dev/vda3, where its kernel goes, is mounted; unmount it first" in out) == (1, True)
    b.run("umount /run/m", check=True)


def test_new_kernel_is_good(board, images, bundle, slot, tmp_path):
    """The next Debian's kernel, or an older one's."""
    old, new = images.pair()
    b = board(old, uboot=True)
    was = b.run("uname -r", check=True)
    assert blocks(b) == [None, None] and b.status()["slots"]["block"] == "absent"
    update = bundle(system=(old, new), boot=slot(version=OTHER_KERNEL, args="new.kernel"))
    refuses_a_mounted_slot(b, update, tmp_path)
    code, out = b.install(update)
    assert code == 4, out
    assert b.install(update) == (4, "cowboot: new is installed already: reboot to try it\n")
    assert blocks(b) == [("a", "b", 3)] * 2
    assert "the boot loader starts b, 3 times at most, then a" in b.cowboot("status")[1]
    assert "map snapshot" in b.cowboot("status --explain")[1]
    assert b.reboot() == "new"
    assert kernel_of(b) == "b" and "new.kernel" in b.run("cat /proc/cmdline", check=True)
    assert b.run("uname -r", check=True).startswith(OTHER_KERNEL)
    assert not was.startswith(OTHER_KERNEL)
    assert blocks(b) == [("a", "b", 2)] * 2
    b.run("cowboot mark-good", check=True)
    assert blocks(b) == [("b", None, 0)] * 2
    b.run("cowboot merge --wait", check=True)
    assert b.reboot() == "new"
    status = b.status()
    assert (status["phase"], status["last"]["result"]) == ("idle", "merged")
    assert kernel_of(b) == "b" and b.digest() == image_digest(new)


def test_new_kernel_panics_at_once(board, images, bundle, slot, tmp_path):
    old, new = images.pair()
    rubbish = tmp_path / "initramfs"
    rubbish.write_bytes(b"this is no initramfs" * 100)
    b = board(old, uboot=True, conf="tries 2\n")
    assert b.install(bundle(system=(old, new), boot=slot(initrd=rubbish)))[0] == 4
    b.channel.say("reboot")
    for _ in range(2):
        b.wait_for(b"boot.scr: slot b is on trial")
        b.wait_for(b"Kernel panic - not syncing: VFS: Unable to mount root fs", 60)
    assert b.wait_up(90) == "old"
    ended_old(b, old, "the boot loader started the old kernel: it cannot load the new one, or has tried")


BLIND = {
    "finds no disk": lambda conf: conf.replace("PARTLABEL=meta", "PARTLABEL=nowhere")
    + "device-timeout 2\n",
    "cannot use its configuration": lambda conf: conf + "what 1\n",
}


@pytest.mark.parametrize("how", BLIND)
def test_new_kernel_comes_to_no_record(board, images, bundle, slot, cache, how):
    """It cannot read that it is on trial, and must not wait for a person: the loader counts, and
    says so."""
    old, new = images.pair()
    initrd = initramfs(cache, BLIND[how](configuration("", None, "file", None)))
    b = board(old, uboot=True, conf="tries 2\n")
    assert b.install(bundle(system=(old, new), boot=slot(initrd=initrd)))[0] == 4
    b.channel.say("reboot")
    for _ in range(2):
        b.wait_for(b"boot.scr: slot b is on trial")
        b.wait_for(b"cowboot: recovery: ", 60)
    assert b.wait_up(90) == "old"
    ended_old(b, old, "the boot loader started the old kernel: it cannot load the new one, or has tried")


def test_new_slot_lacks_the_initramfs(board, images, bundle, slot, tmp_path):
    old, new = images.pair()
    boot = tmp_path / "boot"
    data = bytearray(slot().read_bytes())
    at = data.index(b"INITRA~1IMG")
    data[at:at + 1] = b"X"
    data = data.replace("initra".encode("utf-16-le")[:10], "xxxxx".encode("utf-16-le"))
    boot.write_bytes(data)
    b = board(old, uboot=True)
    assert b.install(bundle(system=(old, new), boot=boot))[0] == 4
    b.channel.say("reboot")
    b.wait_for(b"boot.scr: slot b cannot be started")
    assert b.wait_up() == "old"
    ended_old(b, old, "the boot loader started the old kernel: it cannot load the new one, or has tried")


def test_new_record_ends_the_trial_of_a_kernel(board, images, bundle, slot):
    """Nothing else would: the new kernel would start the old system until its tries are spent."""
    old, new = images.pair()
    b = board(old, uboot=True)
    assert b.install(bundle(system=(old, new), boot=slot(args="new.kernel")))[0] == 4
    b.poweroff()
    damage_both(b)
    b.start()
    b.wait_for(b"boot.scr: slot b is on trial")
    b.wait_for("recovery# ", 120)       # it reboots before, as often as the loader has tries left
    b.type("exec cowboot recovery\r")
    assert "anew" in offered(screen(b))
    assert "There is a new record" in choose(b, "anew", "anew")
    assert blocks(b) == [("a", None, 0)] * 2
    screen(b)
    b.type("reboot\r")
    assert b.wait_up() == "old"
    assert kernel_of(b) == "a" and b.status()["phase"] == "idle"


def test_new_kernel_hangs_before_init(board, images, bundle, slot, tmp_path):
    old, new = images.pair()
    b = board(old, uboot=True, conf="tries 2\n")
    boot = slot(kernel=kernel_stub(tmp_path / "Image", HANG))
    assert b.install(bundle(system=(old, new), boot=boot))[0] == 4
    b.channel.say("reboot")
    for left in (1, 0):
        b.wait_for(f"on trial, 0x{left} tries left".encode())
        b.wait_for(b"Starting kernel")
        b.reset()
    assert b.wait_up() == "old"
    ended_old(b, old, "the boot loader started the old kernel: it cannot load the new one, or has tried")


def test_init_under_the_new_kernel_goes_back_to_the_old_one(board, images, bundle, slot):
    """The new root cannot be mounted: init tells the boot loader, and reboots."""
    old = images.old()
    b = board(old, uboot=True)
    update = bundle(system=(old, images.unmountable(old)), boot=slot())
    assert b.install(update)[0] == 4
    b.channel.say("reboot")
    b.wait_for(b"boot.scr: slot b is on trial")
    assert b.wait_up() == "old"
    ended_old(b, old, "the new system cannot be mounted")
    # The first start was the only one.
    assert b.serial.text().count("slot b is on trial") == 1


def test_mark_bad_spares_the_new_kernel_a_start(board, images, bundle, slot):
    """The first time with a kernel that gzip has packed: the loader unpacks it."""
    old, new = images.pair()
    b = board(old, uboot=True)
    packed, plain = slot(packed=True), slot()
    assert packed.stat().st_size < 0.7 * plain.stat().st_size
    assert b.install(bundle(system=(old, new), boot=packed))[0] == 4
    assert b.reboot() == "new"
    assert b.cowboot("mark-bad 'no network'")[0] == 4
    assert blocks(b) == [("a", None, 0)] * 2
    assert b.reboot() == "old"
    ended_old(b, old, "the new system was marked bad: no network")
    # And another update goes the same way.
    assert b.install(bundle(system=(old, new), boot=slot()))[0] == 4
    assert blocks(b) == [("a", "b", 3)] * 2
    b.run("cowboot cancel", check=True)
    assert blocks(b) == [("a", None, 0)] * 2
    assert b.reboot() == "old" and kernel_of(b) == "a"


def block(good, trial=None, tries=0):
    """The bytes of a boot block, made once more from docs/formats.md."""
    data = b"COWSLOT\n" + bytes([1, ord(good), ord(trial) if trial else 0, tries])
    data = data.ljust(508, b"\0")
    return data + zlib.crc32(data).to_bytes(4, "big")


def test_loader_falls_back_while_merging(board, images, bundle, slot):
    """The power went between record and block, and the loader's tries ran out since: the merge goes
    on under the old kernel, and the new one is started from the next boot on (I3)."""
    old, new = images.pair(change=300, spread="scattered")
    b = board(old, uboot=True)
    assert b.install(bundle(system=(old, new), boot=slot()))[0] == 4
    assert b.reboot() == "new"
    slow_down(b)
    b.run("cowboot mark-good", check=True)
    wait_merging(b, left(b))
    b.cut()
    for at in BLOCK_AT:
        b.corrupt("meta", at, block("a", "b", 0))
    b.start()
    assert b.wait_up() == "new"
    assert kernel_of(b) == "a" and mapped(b) == {"system": "snapshot-merge"}
    assert b.status()["phase"] == "merging" and blocks(b) == [("b", None, 0)] * 2
    b.run("cowboot merge --wait", check=True)
    assert b.reboot() == "new"
    assert kernel_of(b) == "b" and b.digest() == image_digest(new)


def test_damaged_boot_block(board, images, bundle, slot):
    """One copy: the other counts, and mends it. Both: slot a starts, and init sets it right."""
    old, new = images.pair()
    b = board(old, uboot=True)
    assert b.install(bundle(system=(old, new), boot=slot()))[0] == 4
    assert b.reboot() == "new"
    b.run("cowboot mark-good && cowboot merge --wait", check=True)
    for damaged in (BLOCK_AT[:1], BLOCK_AT[1:], BLOCK_AT):
        b.poweroff()
        for at in damaged:
            b.corrupt("meta", at, b"noise" * 100)
        b.start()
        assert b.wait_up() == "new" and kernel_of(b) == "b"
        assert blocks(b) == [("b", None, 0)] * 2
    text = b.serial.text()
    assert "boot.scr: no boot block: slot a" in text
    assert "the boot loader started the kernel of another system" in text


def test_kexec(board, images, bundle, slot):
    """`systemctl reboot` with a kernel loaded goes past the boot loader, to the old slot: one reboot
    more, and the update is tried with all its tries."""
    old, new = images.pair()
    b = board(old, uboot=True)
    assert b.install(bundle(system=(old, new), boot=slot()))[0] == 4
    b.poweroff()
    b.uboot, append = False, b.append
    b.append += " cowboot.slot=a"
    b.start()
    b.wait_for("the boot loader was not asked for the new system's kernel")
    b.wait_reset()
    b.cut()
    assert blocks(b) == [("a", "b", 3)] * 2
    b.uboot, b.append = True, append
    b.start()
    assert b.wait_up() == "new" and kernel_of(b) == "b"
    assert b.status()["tries_left"] == 2


def test_loader_that_cannot_count(board, images, bundle, slot):
    """It starts the old kernel, rather than the new one for ever; asked once more, it does so again."""
    old, new = images.pair()
    b = board(old, uboot=True)
    assert b.install(bundle(system=(old, new), boot=slot()))[0] == 4
    b.poweroff()
    b.disks[0].inject = [{"event": "none", "iotype": "write", "sector": b.sector("meta", at), "errno": 5}
                         for at in BLOCK_AT]
    b.start()
    assert b.wait_up() == "old" and kernel_of(b) == "a" and b.resets() == 1
    text = b.serial.text()
    assert text.count("boot.scr: the try cannot be counted, so slot b is not tried") == 2
    status = b.status()
    assert (status["phase"], status["last"]["result"]) == ("idle", "reverted")
    assert status["last"]["reason"] == ("the boot loader started the old kernel: it was asked again, and "
                                        "cannot start the new one or count its tries")
    assert b.digest() == image_digest(old)


def test_loader_that_does_not_heed_the_block(board, images, bundle, slot):
    """Somebody starts the wrong slot by hand, always: told once, and then left alone."""
    old, new = images.pair()
    b = board(old, uboot=True)
    assert b.install(bundle(system=(old, new), boot=slot()))[0] == 4
    assert b.reboot() == "new"
    b.run("cowboot mark-good && cowboot merge --wait", check=True)
    b.poweroff()
    b.uboot, b.append = False, b.append + " cowboot.slot=a"
    b.start()
    assert b.wait_up() == "new"
    assert b.status()["slots"]["running"] == "a" and b.resets() == 0
    code, out = b.install(bundle(system=(new, old), boot=slot(), version="3"))
    assert code == 1 and "this boot is from slot a, and the system's kernel is in b" in out


def test_without_slots_a_bundle_with_a_kernel_is_refused(board, images, bundle, slot):
    old, new = images.pair()
    update = bundle(system=(old, new), boot=slot())
    b = board(old)
    before = b.digests("boot_a", "boot_b", "meta")
    code, out = b.install(update)
    assert code == 1 and "the boot loader does not say which slot this boot is from" in out
    assert b.digests("boot_a", "boot_b", "meta") == before
    b = board(old, append="cowboot.slot=a")
    code, out = b.install(update)
    assert code == 1 and "its boot image has" in out and "only 1048576" in out
    assert b.digests("boot_a", "boot_b", "meta") == before


# ---- the power cut between any two writes --------------------------------------------------------

def log_upto(log, disk, entries):
    """Replays so many entries of a write log over a disk as it was before."""
    with open(log, "rb") as source, open(disk, "r+b") as target:
        head = source.read(512)
        assert struct.unpack_from("<Q", head)[0] == LOG_MAGIC
        for _ in range(entries):
            start, length, flags, _ = struct.unpack_from("<QQQQ", source.read(512))
            if flags & LOG_DISCARD or not length:
                continue
            target.seek(start * 512)
            target.write(source.read(length * 512))


def cut_points(b, labels):
    """How many entries there are after each write to these partitions: (count, label). Of a row of
    writes to one boot slot only the middle one."""
    parts = {label: b._place(label)[1:] for label in labels}
    found = []
    for n, (at, length, _) in enumerate(b._log_entries()):
        for label, (start, size) in parts.items():
            if length and start <= at < start + size:
                found.append((n + 1, label))
    slots = [f for f in found if f[1] != "meta"]
    return [f for f in found if f[1] == "meta"] + slots[len(slots) // 2:][:1]


def settles(b, old, new):
    """Starts what a cut has left, and again until nothing is pending. Each system comes up under
    its own kernel, but for a merge."""
    b.start()
    for _ in range(8):
        version = b.wait_up(90)
        status = b.status()
        own = {"old": "a", "new": "b"}[version]
        assert status["phase"] == "merging" or kernel_of(b) == own, status
        if status["phase"] == "trial":
            b.run("cowboot mark-good", check=True)
        if status["phase"] in ("trial", "merging"):
            b.run("cowboot merge --wait", check=True)
            version = b.reboot(90)
        status = b.status()
        if status["phase"] == "idle":
            break
    assert status["phase"] == "idle" and status["running"] == "confirmed"
    assert b.digest() == image_digest({"old": old, "new": new}[version])
    assert kernel_of(b) == {"old": "a", "new": "b"}[version]
    good = blocks(b)
    assert good in ([None, None], [({"old": "a", "new": "b"}[version], None, 0)] * 2), good
    return version


@pytest.mark.boards
@pytest.mark.parametrize("what", ["install", "mark-good", "mark-bad", "cancel"])
def test_cut_between_any_two_writes(board, images, bundle, slot, tmp_path, what):
    """One verb, its writes logged; then the board from every point between two of them."""
    old, new = images.pair(change=8)
    update = bundle(system=(old, new), boot=slot())
    logged = board(old, uboot=True, log=True, boot=False)
    before = tmp_path / "before.img"
    subprocess.run(["cp", "--sparse=always", logged.images[0], before], check=True)
    logged.start()
    logged.wait_up()
    if what != "install":
        assert logged.install(update)[0] == 4
    if what.startswith("mark"):
        assert logged.reboot() == "new"
    logged.run("sync")
    first = sum(1 for _ in logged._log_entries())
    if what == "install":
        assert logged.install(update)[0] == 4
    else:
        logged.run(f"cowboot {what}", timeout=120)
    logged.cut()
    points = [p for p in cut_points(logged, ("meta", "boot_b")) if p[0] > first]
    assert len(points) >= 4, points
    came_up = []
    for count, label in points:
        each = board(old, uboot=True, boot=False)
        subprocess.run(["cp", "--sparse=always", before, each.images[0]], check=True)
        log_upto(logged.log, each.images[0], count)
        came_up.append(settles(each, old, new))
        each.kill()
        each.images[0].unlink()
    # It changes once, and from the one to the other: no cut brings back what a later one had not.
    if what == "install":
        assert came_up[0] == "old" and came_up[-2] == "new"
    elif what == "mark-good":
        assert set(came_up) == {"new"}
    else:
        assert came_up[-1] == "old"
