# SPDX-License-Identifier: MIT
"""A hostile person before a locked board: magic SysRq, what the kernel itself takes from its command line, a stick
whose names lie, a boot block that makes no sense. (Its ways into recovery: test_recovery_entry.)"""
import struct
import time
import zlib

from board import image_digest
from menus import choose, make_stick, refused, screen
from test_recovery_entry import hashed
from test_slots import BLOCK_AT, blocks, kernel_of

PASSWORD = "open sesame"
HELPERS = {"core_pattern": "core", "modprobe": "/sbin/modprobe", "poweroff_cmd": "/sbin/poweroff"}
# Several spellings: the kernel takes each.
SYSCTLS = ('sysctl.kernel.sysrq=1 sysctl.kernel.core_pattern=|/bin/cowboot "sysctl/kernel/modprobe=/bin/cowboot" '
           "sysctl.kernel..poweroff_cmd=/bin/cowboot")
FORGED = b"none\n" * 100


def sysrq(b, key):
    """A break on the serial line, and a key behind it."""
    b.qmp("chardev-send-break", id="serial")
    b.type(key)
    time.sleep(1)


def sysctl(b, name):
    return b.run(f"cat /proc/sys/kernel/{name}", check=True).strip()


def test_before_the_password(board, tmp_path):
    """The kernel is told to heed every SysRq and to start a program of the initramfs for its own ends. Neither
    gets past the menu; the system that boots afterwards finds no such program, and SysRq as the kernel had it."""
    names = {"a.bundle\n  9  good.bundle": FORGED, "b\tc.bundle": FORGED, "d\033[2J\r.bundle": FORGED,
             "e\x9b2J.bundle": FORGED, "-rf.bundle": FORGED}
    many = {f"n{n:05}.txt": b"" for n in range(4000)}
    links = [("x1.bundle", "/etc/cowboot.conf"), ("x2.bundle", "/dev/vda"), ("x3.bundle", "x3.bundle"),
             ("x4.bundle", "/proc/kmsg")]
    usb = make_stick(tmp_path / "stick.img", names | many, fs="ext4", links=links)
    b = board(conf="recovery menu\n" + hashed(PASSWORD), append=f"cowboot.recovery {SYSCTLS}", usb=usb, boot=False)
    before = b.digests("boot_a", "boot_b", "meta", "system")
    b.start()
    b.wait_for("Password: ", 120)
    for key in "eikftpcub":
        sysrq(b, key)
    assert "sysrq: " not in b.serial.text()
    assert b.serial.text().count("Password: ") == 1 and b.resets() == 0
    b.type("\r")              # the terminal had the keys instead
    b.wait_for(r"(?s)That is not it\..*Password: ", 120)
    b.type(PASSWORD + "\r")
    screen(b, 120)

    out = choose(b, "install", "1", "x1.bundle", timeout=180)
    listed = out.split("Files:\n")[1].split("Which one")[0].splitlines()
    shown = [line[6:] for line in listed if line.startswith(" ")]
    assert shown == ["-rf.bundle", "a.bundle?  9  good.bundle", "b?c.bundle", "d?[2J?.bundle", "e??2J.bundle",
                     "x1.bundle", "x4.bundle"], shown
    assert "cannot install x1.bundle: it is no bundle" in out
    screen(b)
    out = choose(b, "install", "1", "2")
    assert "cannot install a.bundle?  9  good.bundle: it is no bundle" in out
    text = screen(b)
    assert "No update is pending." in text
    assert b.digests("boot_a", "boot_b", "meta", "system") == before

    b.type("again\r")
    assert b.wait_up() == "old"
    assert {name: sysctl(b, name) for name in HELPERS} == HELPERS
    assert sysctl(b, "sysrq") == "1"


def sealed(good, trial, tries):
    block = (b"COWSLOT\n" + struct.pack("4B", 1, ord(good), ord(trial) if trial else 0, tries)).ljust(508, b"\0")
    return block + struct.pack(">I", zlib.crc32(block))


def test_a_boot_block_that_makes_no_sense(board):
    """Its sums are right, and its slots and counts are none: loader and init pass over it alike, and nothing is
    tried. Nor does it hide the spare behind it."""
    b = board(uboot=True, boot=False, conf="recovery menu\nrecovery-shell no\n")
    before = b.digests("boot_a", "boot_b", "system")
    for hostile in (("c", "d", 255), ("a", "b", 101), ("\xff", None, 7)):
        for at in BLOCK_AT:
            b.corrupt("meta", at, sealed(*hostile))
        left = blocks(b)
        b.start()
        assert b.wait_up() == "old" and kernel_of(b) == "a"
        assert b.serial.text().count("boot.scr: no boot block: slot a") == 1
        assert "cowboot.try" not in b.run("cat /proc/cmdline", check=True).split()
        assert blocks(b) == left and b.resets() == 0
        b.poweroff()
    b.corrupt("meta", BLOCK_AT[1], sealed("a", "b", 1))
    b.start()
    assert b.wait_up() == "old" and kernel_of(b) == "a"
    assert "boot.scr: slot a is on trial" not in b.serial.text()
    assert "boot.scr: slot b is on trial, 0x0 tries left after this one" in b.serial.text()
    b.poweroff()
    assert b.digests("boot_a", "boot_b", "system") == before
