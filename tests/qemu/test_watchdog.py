# SPDX-License-Identifier: MIT
"""The hardware watchdog, QEMU's i6300esb: a system that hangs, in init or after it, is reset; a
trial's try is spent by that, and when all are, OLD is back and the record says who ended them. What
doesn't hang is left alone. And the kernel's own timeout after a panic. (I10)"""
import time

import pytest
from artefacts import BUILD, KERNEL
from board import image_digest
from menus import screen
from points import recovery_after_start
from steps import ended, limit_disk, log_lines, wait_until

pytestmark = pytest.mark.skipif(KERNEL == "5.10", reason="Debian's 5.10 has no i6300esb for arm64")

SECONDS = 10
CONF = f"watchdog auto {SECONDS}\ntries 2\n"
LONGER = 2 * SECONDS + 2    # a system that nobody feeds for so long has been reset
SPENT = "all tries are spent and the new system never said it is good"
FIRED = f"{SPENT}: the watchdog ended the last try"


def bites(b):
    """How often the watchdog has reset the board."""
    return b.qmp.count("WATCHDOG")


def attribute(b, name):
    return b.run(f"cat /sys/class/watchdog/watchdog0/{name}", check=True).strip()


@pytest.fixture
def armed(board, images, bundle):
    """A board with a watchdog and a trial to come: (board, old, new)."""
    def make(behave="ok"):
        old, new = images.pair(behave=behave)
        b = board(old, watchdog="reset", conf=CONF)
        code, out = b.install(bundle(system=(old, new)))
        assert code == 4, out
        return b, old, new
    return make


def check_old_is_back(b, old, reason):
    assert b.status()["last"]["reason"] == reason
    assert f"last     reverted, ? -> new: {reason}" in b.run("cowboot status", check=True)
    assert ended(b)[::2] == ("reverted", "new")
    assert b.digest() == b.partition_digest("system") == image_digest(old)


# ---- three depths -------------------------------------------------------------------------------

def stop_disk_after_spending(b):
    """Lets init come to the point where the try is spent, on a slow disk; from then on that answers
    nothing more: the new system's mount never returns."""
    limit_disk(b, iops=25)
    before = b.read_partition("meta")
    wait_until(lambda: b.read_partition("meta") != before, "a try is spent", 60)
    limit_disk(b, bps=1)


def test_hang_in_init(armed):
    """A disk that stops answering while the trial is mounted."""
    b, old, _ = armed()
    b.poweroff()
    b.start()
    for n in range(2):
        stop_disk_after_spending(b)
        wait_until(lambda: bites(b) > n, "the watchdog resets the board", 60)
    limit_disk(b)
    assert b.wait_up() == "old"
    assert b.resets() == bites(b) == 2
    check_old_is_back(b, old, FIRED)


def test_hang_of_the_new_init(armed):
    """It is started, and does nothing at all."""
    b, old, _ = armed("hang")
    b.begin_reboot()
    for n in range(2):
        b.wait_for("tiny: hanging, as told")
        wait_until(lambda: bites(b) > n, "the watchdog resets the board", 60)
    assert b.wait_up() == "old"
    assert b.resets() == 1 + 2
    check_old_is_back(b, old, FIRED)


def test_hang_of_a_system_that_was_up(armed):
    """It came up and fed the watchdog, and one day feeds it no more."""
    b, old, _ = armed()
    assert b.reboot() == "new"
    for n in range(2):
        assert b.status()["tries_left"] == 1 - n
        b.run("kill -KILL $(cat /run/feeder)", check=True)
        assert b.wait_up() == ("new", "old")[n]
        assert bites(b) == n + 1
    check_old_is_back(b, old, FIRED)


def test_hang_without_an_update(board):
    """A reset of a confirmed system costs nothing and decides nothing."""
    b = board(watchdog="reset", conf=CONF)
    before = b.partition_digest("meta")
    b.run("kill -KILL $(cat /run/feeder)", check=True)
    assert b.wait_up() == "old"
    assert bites(b) == 1
    assert b.boot_json()["reason"] == "no update was ever installed"
    assert "watchdog: the last reset of the board was its doing" in b.dmesg()
    assert b.partition_digest("meta") == before


def test_disk_that_answers_nothing(board, images):
    """Not even the record can be read: no boot, but no board that hangs for ever either."""
    b = board(boot=False, watchdog="reset", conf=f"{CONF}device-timeout 3600\n")
    b.start()
    limit_disk(b, bps=1)
    wait_until(lambda: bites(b) > 0, "the watchdog resets the board", 60)
    limit_disk(b)
    assert b.wait_up() == "old"


# ---- what doesn't hang --------------------------------------------------------------------------

def test_good_update(armed):
    """The new system takes the watchdog over, running and with its time, and is left alone."""
    b, _, new = armed()
    assert b.reboot() == "new"
    assert attribute(b, "state") == "active" and attribute(b, "timeout") == str(SECONDS)
    assert f"watchdog: /dev/watchdog resets the board when not fed for {SECONDS} s" in b.dmesg()
    b.run(f"sleep {LONGER}", timeout=60, check=True)
    b.run("cowboot mark-good && cowboot merge --wait", check=True)
    assert ended(b)[::2] == ("merged", "new")
    assert b.digest() == image_digest(new)
    assert (b.resets(), bites(b)) == (1, 0)


DEBIAN = BUILD / "debian/old.img"
PROMPT = rb"root@demo:~# "


@pytest.mark.skipif(not DEBIAN.exists(), reason="`make demo` makes the image of Debian")
def test_systemd_takes_over(board):
    """systemd opens it with a time of its own and feeds it; when systemd is stuck, it is reset."""
    b = board(DEBIAN, boot=False, watchdog="reset", conf="watchdog auto 60\n", mem_mib=1024,
              data_mib=256, append=f"systemd.watchdog_sec={SECONDS}")
    b.start()
    b.wait_for(PROMPT, 240)
    where = "/sys/class/watchdog/watchdog0"
    assert b.console_run(f"cat {where}/state {where}/timeout") == (0, f"active\n{SECONDS}\n")
    assert b.console_run(f"sleep {LONGER}", timeout=60)[0] == 0
    assert bites(b) == 0
    b.type("kill -SEGV 1\r")
    b.wait_for("Freezing execution", 60)
    b.wait_reset()
    assert bites(b) == 1
    b.wait_for(PROMPT, 240)
    code, said = b.console_run("dmesg | grep -o 'cowboot: watchdog: the .*'")
    assert (code, said) == (0, "cowboot: watchdog: the last reset of the board was its doing\n")


def test_recovery_is_fed(board):
    b = board(boot=False, watchdog="reset", conf=CONF, append="cowboot.recovery")
    recovery_after_start(b)
    assert b.console_run(f"sleep {LONGER}", timeout=60) == (0, "")
    assert b.console_run("cat /sys/class/watchdog/watchdog0/state") == (0, "active\n")
    assert bites(b) == 0


def test_again_out_of_recovery(board):
    """The menu feeds it, and the boot from there hands it over as any other does."""
    b = board(boot=False, watchdog="reset", conf=f"{CONF}recovery menu\n", append="cowboot.recovery")
    b.start()
    screen(b)
    time.sleep(SECONDS + 2)
    b.type("again\r")
    assert b.wait_up() == "old"
    assert attribute(b, "state") == "active" and attribute(b, "timeout") == str(SECONDS)
    b.run(f"sleep {LONGER}", timeout=60, check=True)
    assert (b.resets(), bites(b)) == (0, 0)


def test_no_device(board):
    """Configured, but not on this board: one line, and the boot goes on."""
    b = board(conf=CONF)
    assert log_lines(b, "watchdog") == ["cowboot: cannot open the watchdog /dev/watchdog: No such "
                                        "file or directory: this boot goes on without"]


@pytest.mark.parametrize("conf, append", [("", ""), (CONF, "cowboot.watchdog=off")],
                         ids=["by default", "overridden"])
def test_off(board, conf, append):
    """Nobody touches it before the real init does."""
    b = board(watchdog="reset", conf=conf, append=append)
    assert log_lines(b, "cowboot:.*watchdog") == []
    assert attribute(b, "bootstatus") == "0"


# ---- panic= -------------------------------------------------------------------------------------

@pytest.mark.parametrize("conf, given, want", [("", 0, 10), ("panic 7\n", 0, 7), ("panic 0\n", 0, 0),
                                               ("panic 7\n", 5, 5), ("panic 7\n", -1, -1)])
def test_panic_timeout(board, conf, given, want):
    b = board(conf=conf, append=f"panic={given}")
    assert b.run("cat /proc/sys/kernel/panic", check=True) == f"{want}\n"
    said = log_lines(b, "no panic= is given")
    assert said == ([f"cowboot: no panic= is given: after a panic the board starts again in "
                     f"{want} s"] if given != want else [])


def test_trial_that_panics_without_panic_on_the_command_line(board, images, bundle):
    old, new = images.pair(behave="panic")
    b = board(old, conf="tries 1\npanic 1\n", append="panic=0")
    assert b.install(bundle(system=(old, new)))[0] == 4
    assert b.reboot(timeout=120) == "old"
    check_old_is_back(b, old, SPENT)
