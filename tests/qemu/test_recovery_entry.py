# SPDX-License-Identifier: MIT
"""The ways into recovery, and what stands there by the board's policy: none of them a loop (I10),
none of them a write that a quiet boot makes (I11), and a locked board stays locked."""
import re
import socket
import subprocess
import time

import pytest
from artefacts import BUILD
from board import image_digest
from menus import SCREEN, choose, make_stick, offered, refused, screen
from points import recovery_after_start
from steps import ended, log_lines, slow_down, speed_up
from stream import SCALE, wait_until

HOST_COWBOOT = BUILD / "host/cowboot"
BROKEN = " init=/sbin/nothing"          # no system of the board can be started
WHY = "the system cannot be started"


# ---- asked --------------------------------------------------------------------------------------

def test_what_it_is_for(board):
    """In a system that runs there is no menu."""
    b = board()
    code, out = b.cowboot("recovery")
    assert code == 3
    assert "a system runs; it is what init opens when no boot is left" in out
    assert b.cowboot("recovery now")[0] == 64
    assert b.cowboot("recovery --reboot --hash")[0] == 64


def test_asked_by_the_running_system(board):
    """For one boot: entering takes it back, durably, before anything is shown."""
    b = board(conf="recovery poweroff\n")
    # The root's reboot is in /bin, and is found there.
    command = "cowboot recovery --reboot"
    b.channel.say(f"run {len(command)}\n{command}")
    b.wait_reset()
    assert "No system was started: recovery was asked for." in screen(b)
    b.cut()
    b.start()
    assert b.wait_up() == "old"


def test_asked_in_a_trial_spends_no_try(at):
    p = at("tried", conf="recovery menu\n")
    p.b.append += " cowboot.recovery"
    p.b.start()
    assert "2 of 3 tries are left" in screen(p.b)
    p.b.type("shell\r")
    p.b.wait_for("recovery# ")
    assert p.b.console_run("cowboot recovery --reboot")[0] == 2
    p.b.cut()
    p.b.start()
    assert "2 of 3 tries are left" in screen(p.b)


# ---- boots that nobody marks good ---------------------------------------------------------------

def test_boots_never_marked_good(board):
    b = board(conf="recovery menu\nrecovery-after 2\n")
    assert b.run("test -e /run/cowboot/counted")[0] == 0
    assert b.reboot() == "old"
    b.begin_reboot()
    assert "No system was started: too many boots in a row were never marked good." in screen(b)
    b.type("again\r")
    assert b.wait_up() == "old"
    for _ in range(3):
        assert b.run("cowboot mark-good") == (0, "this boot is good\n")
        assert b.cowboot("mark-good")[0] == 2
        assert b.reboot() == "old"


def test_boots_are_not_counted_elsewhere(board):
    b = board()
    before = b.partition_digest("meta")
    assert b.reboot() == "old"
    assert b.run("test -e /run/cowboot/counted")[0] == 1
    assert b.cowboot("mark-good")[0] == 2
    assert b.partition_digest("meta") == before


# ---- policies -----------------------------------------------------------------------------------

def test_reboots_are_bounded(board):
    """A board that nobody stands beside tries again, so often and not more; a boot that gets through
    makes the count begin anew."""
    b = board(conf="recovery reboot\nrecovery-wait 1\nrecovery-reboots 2\n", boot=False)
    usual = b.append
    for _ in range(2):
        b.append = usual + BROKEN
        b.start()
        assert f"No system was started: {WHY}." in screen(b, 120)
        assert b.resets() == 2
        b.cut()
        b.append = usual
        b.start()
        assert b.wait_up() == "old"
        b.cut()


def test_then_power_off(board):
    b = board(conf="recovery reboot\nrecovery-wait 1\nrecovery-reboots 1\nrecovery-then poweroff\n",
              append=BROKEN.strip(), boot=False)
    b.start()
    b.wait_reset()
    b.process.wait(120)


def test_what_cannot_be_counted_does_not_reboot(board):
    """Without a record nobody knows how often it was: what comes at last comes at once."""
    b = board(conf="meta PARTLABEL=gone\ndevice-timeout 1\nrecovery reboot\nrecovery-wait 0\n",
              boot=False)
    b.start()
    screen(b)
    assert b.resets() == 0


def test_power_off(board):
    b = board(conf="recovery poweroff\nrecovery-wait 1\n", append=BROKEN.strip(), boot=False)
    b.start()
    b.wait_for(f"cowboot: recovery: {WHY}")
    b.process.wait(60)


def test_a_shell(board):
    b = board(conf="recovery shell\n", append=BROKEN.strip(), boot=False)
    assert recovery_after_start(b) == WHY
    assert "qemu-virt recovery# " in b.serial.text()
    b.type("exit\r")
    b.wait_reset()


@pytest.mark.parametrize("how", ["exec cowboot recovery", "cowboot recovery"])
def test_the_menu_from_a_shell(board, how):
    """What is chosen there is done, at once or when the shell ends."""
    b = board(conf="recovery shell\n", append=BROKEN.strip(), boot=False)
    recovery_after_start(b)
    b.type(f"{how}\r")
    screen(b)
    b.type("poweroff\r")
    if not how.startswith("exec"):
        b.wait_for("Leave this shell with `exit 102`: then it is done.")
        b.wait_for("recovery# ")
        b.type("exit 102\r")
    b.process.wait(60)


# ---- locked -------------------------------------------------------------------------------------

def hashed(password):
    run = subprocess.run([HOST_COWBOOT, "recovery", "--hash"], input=password + "\n", text=True,
                         capture_output=True, check=True)
    assert re.fullmatch(r"recovery-password \$argon2id\$\S+\n", run.stdout)
    return run.stdout


LINE = "on the kernel command line: the board is locked"
FOREIGN = "init=/bin/sh root=PARTLABEL=boot_b rootfstype=ext4 rootflags=noatime"


def test_locked_boots_what_it_is_configured_for(board, images):
    """No word of the kernel command line says what is booted: not the parameters, and not what the
    kernel hands on to init because it knows it not."""
    orders = 'LD_PRELOAD=/x single systemd.debug_shell "systemd.run=/bin/sh -c x"'
    b = board(conf="recovery menu\nrecovery-shell no\n", append=f"{FOREIGN} {orders} net.ifnames=0")
    assert b.digest() == image_digest(images.old())
    for word in FOREIGN.split():
        assert log_lines(b, f"passed over {word} {LINE}")
    assert b.run("tr '\\0' ' ' < /proc/1/cmdline", check=True) == "/sbin/init "
    assert "LD_PRELOAD" not in b.run("tr '\\0' ' ' < /proc/1/environ", check=True)
    # Nor may an init find orders by itself, as systemd does.
    line = b.run("cat /proc/cmdline", check=True).split()
    assert "net.ifnames=0" in line and any(word.startswith("console=") for word in line), line
    assert not [w for w in line if w.split("=")[0] in ("init", "root", "single", "LD_PRELOAD") or "systemd" in w]
    assert log_lines(b, r"the board is locked: \d+ words of the kernel command line are hidden from the system")
    # `again` in recovery reads it a second time; so does each command.
    assert b.status()["phase"] == "idle"


def test_locked_shows_what_it_keeps(board):
    """The configuration names words that the system needs; nothing that looks alike comes with them."""
    b = board(conf="recovery menu\nrecovery-shell no\ncmdline-keep place serial-mode\ncmdline-keep nowhere\n",
              append="place=hall serial-mode=2 places=1 serial-modes serial_mode place=\"x single\" single")
    line = b.run("cat /proc/cmdline", check=True).split()
    assert "place=hall" in line and "serial-mode=2" in line
    names = {word.split("=")[0] for word in line}
    assert not names & {"places", "serial-modes", "serial_mode", "single", "nowhere", 'single"'}
    # What the command reads is what init has booted with.
    printed = b.run("grep ^cmdline-keep /run/cowboot/cowboot.conf", check=True)
    assert printed.split("\n")[:3] == ["cmdline-keep place", "cmdline-keep serial-mode", "cmdline-keep nowhere"]


def test_an_order_is_not_kept(board):
    """A configuration that would show the system an order is not used, and opens nothing."""
    b = board(conf="recovery menu\nrecovery-shell no\ncmdline-keep init\n", boot=False)
    b.start()
    text = screen(b)
    assert "cannot use init: it says what is booted, or how" in text
    assert "shell" in refused(text)


def test_again_hides_the_line_once(board):
    b = board(conf="recovery menu\n" + hashed("open sesame"), append="cowboot.recovery single", boot=False)
    b.start()
    b.wait_for("Password: ")
    b.type("open sesame\r")
    screen(b, 120)
    b.type("again\r")
    assert b.wait_up() == "old"
    assert "single" not in b.run("cat /proc/cmdline", check=True).split()
    assert b.run("grep -c ' /proc/cmdline ' /proc/self/mounts", check=True).strip() == "1"


def test_no_shell(board):
    b = board(conf="recovery menu\nrecovery-shell no\n", boot=False,
              append="cowboot.recovery cowboot.recovery=shell cowboot.recovery-wait=0")
    for at in (0, 512 * 1024):
        b.corrupt("meta", at, b"\x5a" * 4096)
    parts = ("boot_a", "boot_b", "meta", "system")
    before = b.digests(*parts)
    b.start()
    text = screen(b)
    assert refused(text)["shell"] == "this board gives none"
    for word in ("shell", "9"):
        b.type(f"{word}\r")
        b.wait_for(r"Not now: this board gives none\.")
    # What writes a system or a record is for nobody, where nobody can be asked who it is.
    for word in ("image", "install", "anew", "12"):
        b.type(f"{word}\r")
        b.wait_for(r"Not now: this board is locked, and no password is configured that could open it\.")
    b.type("logs\r")
    b.wait_for(f"passed over cowboot.recovery=shell {LINE}")
    b.wait_for(f"passed over cowboot.recovery-wait=0 {LINE}")
    assert "recovery# " not in b.serial.text()
    b.cut()
    assert b.digests(*parts) == before


def test_a_stick_that_calls_itself_the_board(board, images):
    """The command line keeps the kernel from the board's own disk, and a stick has partitions of the
    same names: whoever chooses `again` in recovery, where sticks are seen, does not boot from it."""
    other = board(images.new(images.old(), version="foreign"), boot=False)
    b = board(conf="recovery menu\nrecovery-shell no\ndevice-timeout 3\n", usb=other.images[0],
              append="module_blacklist=virtio_blk", boot=False)
    before = b.digests(), other.digests()
    b.start()
    assert "the meta partition is missing" in screen(b)
    b.type("again\r")
    b.wait_reset()
    assert "the meta partition is missing" in screen(b)
    b.cut()
    assert "version foreign" not in b.serial.text()
    assert (b.digests(), other.digests()) == before


def test_keys_that_end_programs(board):
    """No key ends the menu in a shell, however often; nor does a console that hangs up."""
    b = board(conf="recovery menu\nrecovery-shell no\nrecovery-wait 0\n", append="cowboot.recovery",
              boot=False)
    b.start()
    screen(b)
    for key in ("\x03", "\x1c", "\x1a", "sh\r", "9;sh\r", "!sh\r", "`sh`\r"):
        b.type(key)
    b.wait_for("There is no choice .`sh`", 30)
    for _ in range(12):
        b.type("\x04")
    screen(b)
    b.cut()
    assert not re.search(r"(?m)^\S*[#$] $", b.serial.text())


@pytest.mark.parametrize("words", ["recovery", "install /dev/console"])
def test_the_command_as_the_first_process(board, words):
    """It is in the initramfs, and the kernel would run it with the words that nobody knows."""
    b = board(conf="recovery menu\nrecovery-shell no\n", append=f"rdinit=/bin/cowboot -- {words}",
              boot=False)
    before = b.digests()
    b.start()
    b.wait_for("Kernel panic - not syncing: ")
    b.cut()
    assert b.digests() == before


@pytest.mark.parametrize("lock", ["shell no", "password"])
def test_no_shell_before_init(board, lock):
    """The kernel heeds rdinit=, and finds nothing there that it could run."""
    conf = "recovery-shell no\n" if lock == "shell no" else hashed("open sesame")
    b = board(conf=f"recovery menu\n{conf}", append="rdinit=/bin/sh", boot=False)
    b.start()
    b.wait_for("Kernel panic - not syncing: ")
    b.cut()
    assert not re.search(r"(?m)^\S*[#$] $", b.serial.text())


def test_a_record_that_cannot_be_written_opens_nothing(board):
    """A reboot that cannot be noted is not made (I10), and what comes in its place is as locked as any."""
    b = board(conf="recovery reboot\nrecovery-wait 0\nrecovery-then shell\ninit /sbin/nothing\n" +
              hashed("open sesame"), boot=False)
    b.disks[0].inject = [{"event": "none", "iotype": "write", "sector": b.sector("meta", at), "errno": 5}
                         for at in (0, 512 * 1024)]
    b.start()
    b.wait_for(r"(?s)No system was started: the system cannot be started\..*Password: ")
    assert b.resets() == 0
    assert "recovery# " not in b.serial.text()


def test_locked_with_an_error_elsewhere(board):
    """A configuration that cannot be used opens no board that was meant to be locked."""
    b = board(conf="recovery menu\nrecovery-shell no\ncolour blue\n", boot=False)
    b.start()
    text = screen(b)
    assert "unknown key 'colour'" in text
    assert "shell" in refused(text) and "save" in refused(text)


def test_a_password_with_an_error_elsewhere(board, tmp_path):
    """The same for a board with a password, which is asked for all the same, and opens it. No disk of
    the board is offered for writing then: which are its own, nobody can say."""
    usb = make_stick(tmp_path / "stick.img", {}, fs="exfat")
    b = board(conf="recovery menu\n" + hashed("open sesame") + "colour blue\n", boot=False, usb=usb)
    before = b.digests("system", "data", "meta")
    b.start()
    m = b.wait_for(r"(?s)\*\*\* cowboot: recovery \*\*\*(.*?)Password: ", 60)
    assert b"unknown key 'colour'" in m.group(1) and b"poweroff" not in m.group(1)
    b.type("open sesame\r")
    assert "shell" in offered(screen(b, 120))
    out = choose(b, "save", "1")
    assert "sda      exfat" in out and "vda" not in out
    assert "The logs are in the folder cowboot-logs-1." in out
    screen(b, 120)
    assert "The logs are in the folder cowboot-logs-2." in choose(b, "save", "1")
    assert b.digests("system", "data", "meta") == before


# ---- consoles -----------------------------------------------------------------------------------

class Second:
    """A virtio console, as a second terminal."""

    def __init__(self, path):
        self.path, self.data = path, b""
        self.args = ["-chardev", f"socket,id=second,path={path},server=on,wait=off",
                     "-device", "virtconsole,chardev=second"]

    def connect(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(self.path))
        self.socket.settimeout(1)

    def expect(self, regex, timeout=90):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            m = re.search(regex.encode(), self.data)
            if m:
                self.data = self.data[m.end():]
                return m
            try:
                self.data += self.socket.recv(65536)
            except TimeoutError:
                pass
        raise AssertionError(f"no {regex!r} on the second console: {self.data[-2000:]!r}")

    def type(self, text):
        self.socket.sendall(text.encode())


@pytest.fixture
def second(tmp_path):
    return Second(tmp_path / "second")


def test_every_console(board, second):
    """The menu is on both; what one does the other sees, and the board follows either."""
    b = board(conf="recovery menu\n", append="console=hvc0 cowboot.recovery", boot=False,
              extra=second.args)
    b.start()
    second.connect()
    screen(b)
    second.expect(SCREEN)
    second.type("shell\r")
    second.expect("recovery# ")
    second.type("tty\r")
    second.expect("/dev/hvc0")
    b.type("\r")
    assert "again" in offered(screen(b))
    second.type("exit\r")
    second.expect(SCREEN)
    second.type("again\r")
    assert b.wait_up() == "old"


def test_looks_beside_a_merge(at, second):
    """What the other console's menu looks at, again and again, is in the way of none of the steps of a
    merge that is being finished here; and no look of it takes the update for lost."""
    p = at("merging", conf="recovery menu\n")
    b = p.b
    b.append += " console=hvc0 cowboot.recovery"
    b.extra += second.args
    b.start()
    second.connect()
    screen(b)
    slow_down(b)
    b.type("merge\r")
    end = time.monotonic() + 180 * SCALE
    looks = 0
    while b"Enter goes on: " not in b.serial.data[b.serial.at:]:
        assert time.monotonic() < end, "the merge does not end"
        text = second.expect(SCREEN, 90 * SCALE).group(1).decode(errors="replace").replace("\r", "")
        assert "image" not in offered(text) or "No update is pending." in text, text
        looks += 1
        second.type("\r")
        if looks == 8:
            speed_up(b)
    assert looks >= 8
    assert "merged new: it is the system now" in b.wait_for("(?s).*Enter goes on: ").group(0).decode()
    b.type("\r")
    assert "No update is pending." in screen(b)
    assert b.partition_digest("system") == image_digest(p.new)
    b.type("again\r")
    assert b.wait_up() == "new"
    assert ended(b)[::2] == ("merged", "new")


def press(b, text):
    for c in text:
        b.qmp("send-key", keys=[{"type": "qcode", "data": {"\r": "ret"}.get(c, c)}])


def test_screen_and_keyboard(board):
    """Who stands before the board with a USB keyboard has the menu, too."""
    b = board(conf="recovery menu\n", append="console=tty0 cowboot.recovery", boot=False,
              extra=["-device", "qemu-xhci,id=keys", "-device", "usb-kbd,bus=keys.0"])
    b.start()
    screen(b)
    b.type("shell\r")
    b.wait_for("recovery# ")
    end = time.monotonic() + 30 * SCALE
    while b.console_run("grep -q Keyboard /proc/bus/input/devices")[0]:
        assert time.monotonic() < end, "no keyboard"
    # Its menu is a process of its own, and may come later than the serial console's.
    wait_until(lambda: "number or word?" in b.console_run("cat /dev/vcs1")[1], "the screen's menu")
    assert "cowboot: recovery" in b.console_run("cat /dev/vcs1")[1]
    press(b, "again\r")
    assert b.wait_up() == "old"
