# SPDX-License-Identifier: MIT
"""An update belongs to the partitions it was made for, whatever names lead to others: root=, another
disk with the same labels, a folder of stores that leads elsewhere."""
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
from artefacts import BUILD
from board import image_digest
from disk import NAMESPACE, Part, build_disk
from menus import choose, make_stick, offered, refused, screen
from points import recovery_after_start, recovery_log, recovery_mapped
from steps import ended, log_lines, store_files
from vm import Disk
from vm import stick as usb_stick

ROOTS = {
    "by-path": ("/dev/vdb1", {}),
    "by-uuid": (f"PARTUUID={uuid.uuid5(NAMESPACE, 'part/spare')}", {}),
    "by-label": ("PARTLABEL=spare", {"conf": "disks several\n"}),
}

DM_DEVICE_C = Path(__file__).resolve().with_name("dm_device.c")


def add_spare(p):
    """Another disk, with a partition that is as the board's own: golden images make this the rule."""
    spare = build_disk(p.b.dir / "spare.img", [Part("spare", p.old.stat().st_size, p.old)])
    p.b.disks.append(Disk(spare))
    return spare


@pytest.mark.parametrize("name", ROOTS)
@pytest.mark.parametrize("point", ["trial", "merging"])
def test_root_leads_elsewhere(at, point, name):
    """One boot with root=, amid a trial or a merge: it has no say, and nobody merges into the spare."""
    root, options = ROOTS[name]
    p = at(point, **options)
    b = p.b
    spare = add_spare(p)
    before = spare.read_bytes()
    b.append += f" root={root}"
    b.start()
    assert b.wait_up() == "new"
    assert log_lines(b, f"passed over root={root} on the kernel command line: an update is pending, "
                        "and its system is /dev/vda4")
    assert [v["partition"] for v in b.status()["volumes"]] == ["/dev/vda4"]
    b.cowboot("mark-good")
    assert b.cowboot("merge --wait")[0] in (0, 2)     # 2: mark-good has seen its end
    assert b.status()["last"]["result"] == "merged"
    assert b.partition_digest("system") == image_digest(p.new)
    b.cut()
    assert spare.read_bytes() == before
    b.append = b.append.removesuffix(f" root={root}")
    b.start()
    assert b.wait_up() == "new"
    assert ended(b)[::2] == ("merged", "new")


def test_root_counts_in_idle_only(board, images, bundle):
    """There it boots what it names, and nothing is installed over a system that is not the board's."""
    old, new = images.pair()
    b = board(old, boot=False)
    b.disks.append(Disk(build_disk(b.dir / "spare.img", [Part("spare", old.stat().st_size, old)])))
    b.append += " root=/dev/vdb1"
    b.start()
    assert b.wait_up() == "old"
    assert [v["partition"] for v in b.status()["volumes"]] == ["/dev/vdb1"]
    code, out = b.install(bundle(system=(old, new)))
    assert (code, out) == (1, "cowboot: cannot install /run/bundle: this boot is from /dev/vdb1, by "
                              "root= on the kernel command line, and the board's own system is "
                              "/dev/vda4; boot that first\n")
    assert b.read_partition("meta").strip(b"\0") == b""


def another(b, image, label, size):
    """A disk in place of the board's second one, with a partition of that name, and other ids."""
    disk = build_disk(b.dir / "another.img", [Part("pad", 1 << 20), Part(label, size, image)])
    uuids = uuid.uuid5(NAMESPACE, f"part/{label}").bytes_le, uuid.uuid4().bytes_le
    data = disk.read_bytes()
    assert uuids[0] in data
    return disk


@pytest.mark.parametrize("point", ["trial", "merging"])
def test_the_disk_of_the_stores_is_another(at, point):
    """Recovery, and nothing is written or freed; with the right disk back it goes on."""
    p = at(point, two_disks=True)
    b = p.b
    right = b.disks[1]
    where, _, size = b._place("data")
    other = b.dir / "other.img"
    shutil.copyfile(where, other)
    # As an empty data that somebody has made: another partition, begun elsewhere.
    b.disks[1] = Disk(another(b, None, "data", size))
    before = b.digests("meta", "system"), b.disks[1].path.read_bytes()
    reason = recovery_after_start(b)
    assert reason.startswith("/dev/vdb2 is "), reason
    assert "the update was made for" in recovery_log(b)
    assert recovery_mapped(b) == set()
    b.cut()
    assert (b.digests("meta", "system"), b.disks[1].path.read_bytes()) == before
    b.disks[1] = right
    b.start()
    assert b.wait_up() == "new"
    b.cowboot("mark-good")
    assert b.cowboot("merge --wait")[0] in (0, 2)     # 2: mark-good has seen its end
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == b.partition_digest("system") == image_digest(p.new)


def test_the_disk_of_the_system_was_replaced_amid_a_merge(at, images, tmp_path):
    """No disk will bring that update to its end: an image leads out, when a person has said so."""
    p = at("merging", two_disks=True, conf="recovery menu\n")
    b = p.b
    factory = images.new(p.old, version="factory", seed=3)
    subprocess.run(["/sbin/sfdisk", "--quiet", "--delete", b.images[0], "4"], check=True)
    place = another(b, p.old, "system", p.old.stat().st_size)
    b.disks.append(Disk(place))
    b.extra += usb_stick(make_stick(tmp_path / "stick.img", {"factory.img": factory}))
    b.start()
    text = screen(b)
    assert "No system was started: /dev/vdc2 is " in text
    assert "the update was made for" in text
    assert {"image", "again"} <= offered(text)
    assert "no confirmed update is pending" not in refused(text)["merge"]
    out = choose(b, "image", "1", "1", "no")
    assert "Nothing was done." in out
    assert "goes onto the volume system, /dev/vdc2." in out
    assert "The partition with the unfinished update is not here" in out
    assert "the update can never be finished" in out
    assert "never put the old disk back" in out
    screen(b)
    assert "system holds factory.img now." in choose(b, "image", "1", "1", "image", timeout=180)
    screen(b)
    b.type("again\r")
    assert b.wait_up() == "factory"
    assert b.status()["phase"] == "idle"
    assert b.run("ls /data/cowboot", check=True) == ""
    assert b.reboot() == "factory"


SLOTS = {
    # What the configuration says; what another disk has; whether a kernel can be installed.
    "by-label": ("", ["boot_a", "boot_b", "cow", "data", "system", "vendor"], True),
    "by-path": ("boot-slots PARTLABEL=boot_a /dev/vdb1\n", ["boot_b"], False),
    "several-disks": ("disks several\n", ["boot_b"], False),
}


@pytest.mark.parametrize("how", SLOTS)
def test_a_boot_slot_of_another_disk(board, images, bundle, tmp_path, how):
    """A kernel goes into a slot of the board's own disk, or nowhere."""
    conf, labels, fits = SLOTS[how]
    old, new = images.pair()
    kernel = tmp_path / "kernel"
    kernel.write_bytes(bytes(range(256)) * 1024)
    b = board(old, append="cowboot.slot=a", conf=conf, boot=False)
    other = build_disk(b.dir / "other.img", [Part(label, 1 << 20) for label in labels])
    before = other.read_bytes()
    b.disks.append(Disk(other))
    b.start()
    assert b.wait_up() == "old"
    slots = b.digests("boot_a", "boot_b")
    code, out = b.install(bundle(system=(old, new), boot=kernel))
    b.poweroff()
    assert other.read_bytes() == before
    if not fits:
        assert code == 1
        assert "the partition of boot slot b is not there, or is not its own" in out
        assert b.digests("boot_a", "boot_b") == slots
    else:
        assert code == 4, out
        assert b.partition_digest("boot_b", kernel.stat().st_size) == image_digest(kernel)


def test_the_folder_of_stores_is_a_link(board, images, bundle):
    old, new = images.pair()
    b = board(old)
    b.run("mkdir -p /run/elsewhere /data/mine && echo x > /data/mine/victim.store && "
          "ln -s mine /data/cowboot", check=True)
    code, out = b.install(bundle(system=(old, new)))
    assert (code, out) == (1, "cowboot: cannot install /run/bundle: /data/cowboot is a symbolic link, "
                              "and stores lie on data itself: remove it\n")
    assert b.reboot() == "old"
    assert b.run("cat /data/mine/victim.store", check=True) == "x\n"


@pytest.fixture
def dm_device(cache):
    """dm_device(b): the program, in the guest."""
    def make(out):
        subprocess.run([BUILD / "arm64/musl-gcc", "-Os", "-s", "-o", out, DM_DEVICE_C], check=True)

    def put(b):
        b.channel.put("/run/dm_device", cache.get("dm-device", make, DM_DEVICE_C).read_bytes())
        return "/run/dm_device"
    return put


def test_a_mapped_device_of_that_name_is_not_ours(board, images, bundle, dm_device):
    """It has the name that a store's device would have, and another uuid: nobody writes to it, and
    nobody removes it."""
    old, new = images.pair()
    update = bundle(system=(old, new))
    b = board(old, boot=False)
    spare = build_disk(b.dir / "spare.img", [Part("spare", old.stat().st_size, old)])
    before = spare.read_bytes()
    b.disks.append(Disk(spare))
    b.start()
    assert b.wait_up() == "old"
    program = dm_device(b)
    number = b.run("cat /sys/class/block/vdb1/dev", check=True).strip()
    b.run(f"{program} make system-store CRYPT-mine {number} 4096", check=True)
    shown = f"CRYPT-mine 1 4096 linear {number} 0\n"
    assert b.run(f"{program} show system-store") == (0, shown)
    code, out = b.install(update)
    assert code == 1
    assert out.endswith("cannot use the device system-store: one of that name is there, and it is not "
                        "cowboot's\n"), out
    assert b.status()["phase"] == "idle" and store_files(b) == []
    assert b.run(f"{program} show system-store") == (0, shown)
    b.run(f"{program} remove system-store", check=True)
    assert b.install(update)[0] == 4
    # A cancelled update takes back what it has mapped, and no more than that.
    b.run(f"{program} make vendor-store CRYPT-mine {number} 4096", check=True)
    assert b.cowboot("cancel")[0] == 0
    assert b.run(f"{program} show vendor-store") == (0, shown)
    assert b.install(update)[0] == 4
    assert b.reboot() == "new"
    b.poweroff()
    assert spare.read_bytes() == before


def test_an_image_goes_onto_the_volume_of_our_own_disk(board, images, tmp_path):
    """Recovery's `image`, where another disk has a volume of that name and size."""
    old, new = images.pair()
    b = board(old, conf="recovery menu\n", append="cowboot.recovery", boot=False)
    other = build_disk(b.dir / "other.img", [Part("system", old.stat().st_size, old)])
    before = other.read_bytes()
    b.disks.append(Disk(other))
    b.extra += usb_stick(make_stick(tmp_path / "stick.img", {"new.img": new}))
    b.start()
    screen(b)
    out = choose(b, "image", "1", "1", "image", timeout=180)
    assert "goes onto the volume system, /dev/vda4." in out
    assert "system holds new.img now." in out
    screen(b)
    b.type("again\r")
    assert b.wait_up() == "new"
    assert [v["partition"] for v in b.status()["volumes"]] == ["/dev/vda4"]
    b.poweroff()
    assert other.read_bytes() == before
    assert b.partition_digest("system") == image_digest(new)
