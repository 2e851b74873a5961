# SPDX-License-Identifier: MIT
"""Lives in which a person stands at recovery's menu, or nobody does and it counts its reboots."""
import random

import menus
import ondisk
from lifetime import Life, armed

MENU = "recovery menu\n"


def merge(b, expect):
    """The merge is cut, and finished in recovery without a boot of the system."""
    armed(b, expect)
    assert b.on() == "new"
    b.run("cowboot mark-good")
    b.cut()
    b.recovery("cowboot.recovery")
    assert "it is the system now" in menus.choose(b.vm, "merge")
    assert b.again() == "new"
    b.off()


def turn_back(b, expect):
    """The merge is cut, and the person has it turned back, to what is kept."""
    armed(b, expect)
    assert b.on() == "new"
    b.run("cowboot mark-good")
    b.cut()
    b.recovery("cowboot.recovery")
    expect("new", "old")
    assert "goes back to old" in menus.choose(b.vm, "rollback", "rollback")
    expect("old")
    assert b.again() == "old"
    b.run("cowboot merge --wait", 0, 2)
    b.off()


def revert(b, expect):
    """A try is spent, and the person has seen enough."""
    armed(b, expect)
    assert b.on() == "new"
    b.cut()
    b.recovery("cowboot.recovery")
    expect("old", "new")
    assert "reboot to go back" in menus.choose(b.vm, "revert", "revert")
    expect("old")
    assert b.again() == "old"
    b.off()


def put_image(vm):
    out = menus.choose(vm, "image", "1", "1", "image")
    assert "system holds new.img now" in out, out


def image(b, expect):
    """The running trial asks for recovery; there a whole image goes over the volume, and ends it."""
    armed(b, expect)
    assert b.on() == "new"
    b.leaves_by("cowboot recovery --reboot")
    b.recovery()
    expect("new", "recovery")
    put_image(b.vm)
    expect("new")
    assert b.again() == "new"
    b.off()


def destroy_record(meta):
    """Both copies, on a meta of these bytes."""
    for at in ondisk.COPY_AT.values():
        meta[at:at + 4096] = random.Random(at).randbytes(4096)


def make_anew(vm):
    out = menus.choose(vm, "anew", "anew")
    assert "There is a new record" in out, out


def pending(b):
    """An update waits for its trial."""
    b.on()
    b.install()
    b.off()


def anew(b, expect):
    """Neither copy of the record can be read."""
    expect("old", "recovery")
    b.recovery()
    make_anew(b.vm)
    expect("old")
    assert b.again() == "old"
    b.off()


def never_good(b, expect):
    """Boots that nobody marks good (the first one made the disk), on a board that counts them, and
    that reboots out of recovery by itself, once and no more."""
    expect("old")
    b.comes_and_goes()
    b.leaves()
    b.comes_and_goes()
    b.comes_and_goes()
    b.recovery()
    assert b.again() == "old"
    b.run("cowboot mark-good")
    b.off()


LIVES = (
    Life("recovery-merge", merge, conf=MENU, change=16, store="cow"),
    Life("recovery-back", turn_back, conf=MENU, change=16, forgets=True),
    Life("recovery-revert", revert, conf=MENU, change=8),
    Life("recovery-image", image, conf=MENU, change=8, mend=put_image, mended="new", stick=True),
    Life("recovery-anew", anew, conf=MENU, spoil=destroy_record, mend=make_anew, mended="old"),
    Life("slots-anew", anew, conf=MENU, change=8, store="cow", slots="block", before=pending,
         spoil=destroy_record, mend=make_anew, mended="old"),
    Life("esp-anew", anew, conf=MENU, change=8, store="cow", slots="esp", before=pending,
         spoil=destroy_record, mend=make_anew, mended="old"),
    Life("recovery-counted", never_good, recovery_after=2,
         conf="recovery reboot\nrecovery-wait 0\nrecovery-reboots 1\nrecovery-after 2\n"),
)
