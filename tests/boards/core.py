# SPDX-License-Identifier: MIT
"""What every board has to do, in QEMU and on the bench: boot, update, go back, survive the power
switch, and offer recovery. See conftest.py."""


def test_boot(idle):
    """The root is the one of the disk, through device-mapper, and nothing is pending."""
    assert "/dev/mapper/system / ext4 ro" in idle.run("cat /proc/mounts")
    assert "/dev/mapper/data /data ext4 rw" in idle.run("cat /proc/mounts")
    assert idle.status()["running"] == "confirmed"
    idle.run("cowboot mark-good", code=2)


def test_update(idle):
    """Installed, tried, confirmed, merged; and the same back again."""
    before = idle.digest()
    idle.run("cowboot install /data/1-2.bundle", code=4, timeout_s=120)
    assert idle.reboot() == "2"
    assert (idle.status()["phase"], idle.status()["running"]) == ("trial", "trial")
    idle.merge()
    assert (idle.status()["phase"], idle.status()["last"]["result"]) == ("idle", "merged")
    after = idle.digest()
    assert after != before
    assert idle.power_cycle() == "2"
    assert idle.digest() == after
    idle.run("cowboot install /data/2-1.bundle", code=4, timeout_s=120)
    assert idle.reboot() == "1"
    idle.merge()
    assert idle.digest() == before


def test_refused(idle):
    """The new system says that it is no good: the old one is back, unchanged."""
    before = idle.digest()
    idle.run("cowboot install /data/1-2.bundle", code=4, timeout_s=120)
    assert idle.reboot() == "2"
    idle.run("cowboot mark-bad bench", code=4)
    assert idle.reboot() == "1"
    last = idle.status()["last"]
    assert last["result"] == "reverted" and "bench" in last["reason"], last
    assert idle.digest() == before


def test_panic(idle):
    """A new system that panics is tried as often as allowed, and then it is over."""
    idle.run("cowboot install /data/1-bad.bundle", code=4, timeout_s=120)
    assert idle.reboot(boots=4) == "1"
    status = idle.status()
    assert (status["phase"], status["last"]["result"]) == ("idle", "reverted")


def test_power_cut_while_merging(idle):
    """The power goes when there is no way back: the next boot runs the new system and merges on."""
    before = idle.digest()
    idle.run("cowboot install /data/1-2.bundle", code=4, timeout_s=120)
    assert idle.reboot() == "2"
    idle.run("cowboot mark-good")
    assert idle.power_cycle() == "2"
    idle.run("cowboot merge --wait", timeout_s=180, code=idle.status()["phase"] == "idle" and 2 or 0)
    assert idle.power_cycle() == "2"
    idle.run("cowboot install /data/2-1.bundle", code=4, timeout_s=120)
    assert idle.reboot() == "1"
    idle.merge()
    assert idle.digest() == before


def test_recovery(idle):
    """The menu, when it is asked for, says what is so; and a reboot leads out of it."""
    idle.shell.type("cowboot recovery --reboot")
    menu = idle.shell.wait_menu()
    assert "reboot" in menu and "shell" in menu, menu
    idle.shell.type("reboot")
    assert idle.shell.wait_up() == "1"
    assert idle.status()["phase"] == "idle"
