# SPDX-License-Identifier: MIT
"""Idle boots: the root comes up through init, everything is handed over, no disk is written
(I8, I11)."""
from board import image_digest
from steps import log_lines


def test_idle_boot_writes_nothing(board, images):
    b = board(log=True, boot=False)
    before = b.digests("boot_a", "boot_b", "meta", "system")
    b.start()
    assert b.wait_up() == "old"
    assert b.status()["phase"] == "idle"
    assert b.digest() == image_digest(images.old())
    b.poweroff()
    assert b.digests("boot_a", "boot_b", "meta", "system") == before
    # ext4 notes in data's superblock and journal that it was mounted. Nothing else is written.
    assert {w.label for w in b.writes()} <= {"data"}


def test_idle_boot_hands_everything_over(board):
    b = board()
    lines = b.run("cat /proc/mounts", check=True).splitlines()
    mounts = {line.split()[1]: line.split() for line in lines}
    for place, mode in (("/", "ro"), ("/data", "rw")):
        device, _, _, options = mounts[place][:4]
        assert device.startswith("/dev/mapper/") and options.split(",")[0] == mode
    assert {"/dev", "/proc", "/sys", "/run"} <= mounts.keys()
    assert [m for m in mounts if m.startswith(("/mnt", "/root", "/initramfs"))] == []
    # No process but the root's own and the kernel's; in PID 1 no descriptor but its console and
    # what the tiny init has opened itself: signals, the channel, this command's pipe and handle.
    find = "find /proc -maxdepth 2 -name exe -exec readlink {} ';' 2>/dev/null"
    assert set(b.run(find)[1].split()) == {"/sbin/init", "/bin/toybox"}
    descriptors = b.run("ls -l /proc/1/fd", check=True)
    assert descriptors.count(" -> ") == 3 + 4 and "(deleted)" not in descriptors
    assert b.boot_json()["phase"] == "idle"


def test_a_real_init_that_only_the_kernel_refuses(board, images):
    """Found behind the line, where there is nothing to recover in: it is counted, and ends (I10)."""
    b = board(images.small_init(images.old()), boot=False,
              conf="recovery reboot\nrecovery-reboots 1\n")
    b.start()
    b.wait_for(r"(?s)No system was started: recovery was asked for\.", 120)
    assert b.resets() == 2
    b.cut()


def test_what_is_said_of_the_record(board, images, bundle):
    """Only what it holds: tries are a trial's."""
    def said():
        return log_lines(b, "cowboot: record: ")
    old, new = images.pair()
    b = board(old, conf="tries 2\n")
    assert said() == ["cowboot: record: new"]
    assert b.install(bundle(system=(old, new)))[0] == 4
    b.reboot()
    assert said() == ["cowboot: record: phase trial, 2 of 2 tries left"]
    assert b.cowboot("mark-bad")[0] == 4
    b.reboot()
    assert said() == ["cowboot: record: phase trial, 1 of 2 tries left"]
    b.reboot()
    assert said() == ["cowboot: record: phase idle"]


def test_boots_through_u_boot(board):
    b = board(uboot=True)
    assert "cowboot.slot=a" in b.run("cat /proc/cmdline", check=True)
    assert b.reboot() == "old"


def test_mount_points_are_links(board, images):
    """Links of the root lead where they do when it is the root, and not into the initramfs."""
    b = board(images.linked(images.old()), vendor=images.volume())
    for name in ("data", "vendor"):
        assert b.run(f"mountpoint -q /mnt/{name} && ls /{name}/")[0] == 0
    assert log_lines(b, "cowboot: cannot") == []
