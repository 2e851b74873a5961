# SPDX-License-Identifier: MIT
"""What a person brings to the menu of recovery on a USB stick: a bundle, a bad one, a whole image;
and the logs they take away. An image that was not written whole is never booted (I12)."""
import pytest
from board import image_digest
from life import digest_with, longer
from menus import choose, make_stick, offered, paged, refused, screen, stick_files
from steps import ended, store_files, wait_until
from vm import stick as usb_stick

MIB = 1 << 20
CONF = "recovery menu\n"
# The last 16 MiB of the board's memory are nobody's: a place that outlives a reset.
RAMOOPS = ("mem=240M ramoops.mem_address=0x4f000000 ramoops.mem_size=0x100000 "
           "ramoops.record_size=0x20000 ramoops.ecc=1")


@pytest.fixture
def stick(tmp_path):
    """stick({name: bytes or Path}, ...): an image of a USB stick."""
    def make(files, **options):
        return make_stick(tmp_path / "stick.img", files, **options)
    return make


@pytest.mark.parametrize("fs", ["vfat", "ext4"])
def test_install_a_bundle(board, images, bundle, stick, fs):
    old, new = images.pair()
    photos = {f"dsc{n:05}.jpg": b"none\n" for n in range(60)}
    usb = stick({"UP.BUNDLE": bundle(system=(old, new)), "notes.txt": b"none\n"} | photos, fs=fs)
    before = image_digest(usb)
    b = board(old, conf=CONF, append="cowboot.recovery", usb=usb, boot=False)
    b.start()
    screen(b)
    out = choose(b, "install", "1", "1")
    assert f"sda      {fs}" in out and "STICK" in out
    assert "UP.BUNDLE" in out and "notes.txt" not in out and "jpg" not in out
    assert "installed new: reboot to try it (3 tries)" in out
    text = screen(b)
    assert "3 of 3 tries are left" in text
    assert refused(text)["install"] == "an update is pending; revert it first, and boot"
    b.type("again\r")
    assert b.wait_up() == "new"
    b.run("cowboot mark-good --wait", check=True)
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == image_digest(new)
    b.cut()
    assert image_digest(usb) == before      # looked at and no more


def test_a_bad_bundle(board, images, bundle, stick):
    """Cut short, over another base, no bundle at all: nothing is changed, and the board boots."""
    old, new = images.pair()
    data = bundle(system=(old, new)).read_bytes()
    other = images.new(old, version="other", seed=7)
    usb = stick({"cut.bundle": data[:-5000], "none.bundle": b"no bundle\n" * 1000,
                 "over.bundle": bundle(system=(other, new))})
    b = board(old, conf=CONF, append="cowboot.recovery", usb=usb, boot=False)
    before = b.digests("system")
    b.start()
    screen(b)
    for number, why in (("1", "truncated at byte"), ("2", "cannot install none.bundle: it is no bundle"),
                        ("3", "it was made over a different base")):
        out = choose(b, "install", "1", number)
        assert why in out and "installed" not in out
        assert "No update is pending." in screen(b)
    b.type("again\r")
    assert b.wait_up() == "old"
    assert b.status()["phase"] == "idle" and store_files(b) == []
    assert b.digests("system") == before


def test_no_stick(board):
    b = board(conf=CONF, append="cowboot.recovery", boot=False)
    b.start()
    screen(b)
    assert "There is no stick and no card" in choose(b, "save")
    screen(b)
    assert "There is no stick and no card" in choose(b, "install")


# ---- a whole image ------------------------------------------------------------------------------

def put_image(b, timeout=180):
    """The first file of the first stick onto the volume."""
    return choose(b, "image", "1", "1", "image", timeout=timeout)


def test_image_back(board, images, stick):
    """Onto a board whose system cannot be started; no whole number of sectors of it."""
    old = images.old()
    factory = images.new(old, version="factory", seed=3)
    factory = longer(images, factory, "factory", 777)
    files = {f"dsc{n:05}.jpg": b"none\n" for n in range(60)} | {"factory.img": factory}
    files |= {"a\033[2Jb.jpg": b"none\n"}
    flashed = images.flashed(images.without_init(old))
    b = board(flashed, conf=CONF, boot=False, usb=stick(files, fs="ext4"))
    b.start()
    text = screen(b)
    assert "No system was started: the system cannot be started." in text
    assert "cannot find /sbin/init in the new root" in text
    b.type("image\r")
    b.wait_for("Which one")
    b.type("1\r")
    files = b.wait_for(r"(?s)Files:(.*)Which one is the image").group(1)
    assert b"a?[2Jb.jpg" in files and b"and 22 more; a file that is not listed can be typed" in files
    b.type("1\r")
    b.wait_for(r"factory.img, 16.7 MB, goes onto the volume system, /dev/vda4\.")
    b.wait_for(r"What is on that volume is lost\.")
    b.type("no\r")
    b.wait_for("Nothing was done.")
    b.wait_for("Enter goes on: ")
    b.type("\r")
    screen(b)
    assert "system holds factory.img now." in put_image(b)
    assert ("The last one, ? -> ?, was restored: an image was put onto a volume in recovery: "
            "system, factory.img." in screen(b))
    assert b.partition_digest("system") == digest_with(flashed, factory)
    b.type("again\r")
    assert b.wait_up() == "factory"
    assert ended(b)[::2] == ("restored", None)
    last = b.status()["last"]
    assert (last["code"], last["detail"]) == ("image-put", "system, factory.img")
    assert b.status()["version"] is None        # a file's name is none


def test_image_that_does_not_fit(board, images, stick):
    usb = stick({"a.img": b"", "b.img": bytes(17 * MIB)})
    b = board(conf=CONF, append="cowboot.recovery", boot=False, usb=usb)
    before = b.digests("meta", "system")
    b.start()
    screen(b)
    assert "it is empty" in put_image(b)
    screen(b)
    assert "/dev/vda4 only" in choose(b, "image", "1", "2", "image")
    screen(b)
    assert b.digests("meta", "system") == before


def test_image_drops_a_trial(at, images, stick):
    """The pending update is ended in the record before a byte is written."""
    p = at("tried", conf=CONF)
    factory = images.new(p.old, version="factory", seed=3)
    p.b.append += " cowboot.recovery"
    p.b.extra += usb_stick(stick({"factory.img": factory}))
    p.b.start()
    screen(p.b)
    out = put_image(p.b)
    assert "so is the pending update" in out and "system holds factory.img now." in out
    screen(p.b)
    p.b.type("again\r")
    assert p.b.wait_up() == "factory"
    assert ended(p.b)[::2] == ("restored", None)
    assert store_files(p.b) == []


def crawl(b):
    """The first disk takes no more than 100 kB in a second: an image would take minutes."""
    none = dict.fromkeys(("bps", "bps_rd", "iops", "iops_rd", "iops_wr"), 0)
    where = "/machine/peripheral/disk0/virtio-backend"
    b.qmp("block_set_io_throttle", id=where, bps_wr=100000, **none)


def test_image_cut_in_the_middle(board, images, stick):
    """The power goes while it is written: every boot ends in recovery, until one is whole."""
    old = images.old()
    factory = images.new(old, version="factory", change=300, spread="scattered", seed=3)
    b = board(old, conf=CONF, append="cowboot.recovery", usb=stick({"factory.img": factory}),
              boot=False)
    b.start()
    screen(b)
    crawl(b)
    b.type("image\r")
    for answer in "1", "1", "image":
        b.wait_for(r"\? |to do it: ")
        b.type(answer + "\r")
    wait_until(lambda: b.partition_digest("system") != image_digest(old), "it is written",
               90)
    b.kill()        # not cut(), which lets QEMU end what it holds back
    assert b.partition_digest("system") != image_digest(factory)
    b.append = b.append.replace(" cowboot.recovery", "")
    b.start()
    text = screen(b)
    assert "No system was started: an image was not written whole onto a volume." in text
    assert "The image of system was not written whole." in text
    assert {"image", "again"} <= offered(text)
    assert refused(text)["install"] == "a volume is not whole; put an image onto it first"
    b.type("again\r")
    assert "an image was not written whole onto a volume" in screen(b)
    assert "system holds factory.img now." in put_image(b)
    screen(b)
    b.type("reboot\r")
    assert b.wait_up() == "factory"
    assert b.digest() == image_digest(factory)


def test_image_where_a_merge_cannot_be_finished(at, images, stick):
    """Its store is lost: only then, and with the whole update given up."""
    p = at("merging", store="cow", conf=CONF)
    factory = images.new(p.old, version="factory", seed=3)
    p.b.corrupt("cow", 0, bytes(4096))
    p.b.extra += usb_stick(stick({"factory.img": factory}))
    p.b.start()
    assert "a store is damaged, and its merge has begun" in screen(p.b)
    out = put_image(p.b)
    assert "the update can never be finished" in out and "system holds factory.img now." in out
    screen(p.b)
    p.b.type("again\r")
    assert p.b.wait_up() == "factory"
    assert p.b.status()["phase"] == "idle"


# ---- logs ---------------------------------------------------------------------------------------

def test_save_the_logs(board, stick):
    usb = stick({})
    b = board(conf=CONF, append="cowboot.recovery", usb=usb, boot=False)
    b.start()
    screen(b)
    assert "The logs are in the folder cowboot-qemu-virt-1." in choose(b, "save", "1")
    screen(b)
    assert "The logs are in the folder cowboot-qemu-virt-2." in choose(b, "save", "1")
    screen(b)
    b.type("poweroff\r")
    b.process.wait(60)
    b.kill()
    files = stick_files(usb, "cowboot-qemu-virt-2")
    assert set(files) == {"kernel.log", "cowboot.log", "status.txt", "boot.json", "reason.txt"}
    assert b"Linux version" in files["kernel.log"]
    assert b"cowboot: recovery: recovery was asked for" in files["cowboot.log"]
    assert b"No system was started: recovery was asked for." in files["status.txt"]


def test_the_last_panic_is_kept_and_shown(board, stick):
    """ramoops, loaded in recovery, which the kernel then leaves for the system that panics."""
    usb = stick({})
    b = board(boot=False, conf=CONF, append=f"cowboot.recovery {RAMOOPS}", usb=usb)
    b.start()
    screen(b)
    assert "no panic of an earlier boot is kept" in choose(b, "logs")
    screen(b)
    b.type("again\r")
    assert b.wait_up() == "old"
    panic = "echo c > /proc/sysrq-trigger"
    b.channel.say(f"run {len(panic)}\n{panic}")
    b.wait_reset()
    screen(b)
    out = paged(b, "logs")
    assert "sysrq: Trigger a crash" in out and "Kernel panic - not syncing" in out
    screen(b)
    choose(b, "save", "1")
    screen(b)
    b.type("poweroff\r")
    b.process.wait(60)
    b.kill()
    saved = stick_files(usb, "cowboot-qemu-virt-1")
    assert any(name.startswith("pstore-dmesg-ramoops") and b"Trigger a crash" in data
               for name, data in saved.items()), saved.keys()
