# SPDX-License-Identifier: MIT
"""No way down: what was confirmed is the floor, and nothing below it is taken but by who may; what has expired is
refused where the clock is known to be right."""
import datetime
import subprocess

from pathlib import Path

from artefacts import BUILD
from menus import choose, make_stick, screen
from test_install import BUNDLE
from test_signed import by, keys

HERE = Path(__file__).resolve().parent
BARRED = 'cowboot.conf has no "allow-downgrade yes"'


def release(number, *more):
    return ["--release", f"1.{number}", *more]


def seen(b):
    """The floor, what is pending, the newest."""
    said = b.status()["release"]
    return tuple(said[key] for key in ("floor", "pending", "newest"))


def confirm(b):
    b.run("cowboot mark-good --wait", check=True)
    assert b.status()["phase"] == "idle"


def refused(b, update, reason, how=""):
    """Nothing is written."""
    before = b.read_partition("meta")
    b.channel.put("/run/bundle", update.read_bytes())
    code, out = b.cowboot(f"install {how} /run/bundle")
    assert (code, out.splitlines()[-1]) == (1, f"{BUNDLE}{reason}")
    assert b.read_partition("meta") == before


def test_it_rises_with_what_is_confirmed(board, images, bundle, tmp_path):
    old, new = images.pair()
    update = bundle(system=(old, new), args=by("one") + release(42, "--created", "2026-11-30"))
    older = bundle(system=(old, new), args=by("one") + release(41))
    usb = make_stick(tmp_path / "stick.img", {"older.bundle": older})
    b = board(old, conf="recovery menu\nrequire-signature yes\nkeep-old must\n", files=keys("one"), usb=usb)
    assert b.status()["release"] is None
    assert b.install(update)[0] == 4
    assert seen(b) == (None, "1.42", "1.42")
    assert b.reboot() == "new"
    assert b.cowboot("mark-bad worse")[0] == 4
    assert b.reboot() == "old"
    assert seen(b) == (None, None, "1.42"), "a trial that was given up raises nothing"
    assert b.install(older)[0] == 4
    assert seen(b) == (None, "1.41", "1.42")
    assert b.cowboot("cancel")[0] == 0

    assert b.install(update)[0] == 4
    assert b.reboot() == "new"
    confirm(b)
    assert seen(b) == ("1.42", None, "1.42")
    assert "release  1.42 is the newest seen, created 2026-11-30" in b.run("cowboot status", check=True)
    third = images.new(new, version="third", seed=5)
    below = f"its release is 1.41, and this board takes none below 1.42; {BARRED}"
    for how in ("", "--allow-downgrade"):
        refused(b, bundle(system=(new, third), args=by("one") + release(41)), below, how)
    refused(b, bundle(system=(new, third), args=by("one")),
            f"it has no release, and this board takes none below 1.42; {BARRED}")

    # What is kept is none of a stranger's; the floor stays.
    assert b.cowboot("rollback")[0] == 4
    assert b.reboot() == "old"
    confirm(b)
    assert seen(b) == ("1.42", None, "1.42")
    refused(b, older, below)

    # Recovery does as the command does.
    command = "cowboot recovery --reboot"
    b.channel.say(f"run {len(command)}\n{command}")
    screen(b, 120)
    said = choose(b, "install", "1", "1")
    assert "its release is 1.41, and this board takes none below 1.42" in said
    screen(b)
    b.type("again\r")
    assert b.wait_up() == "old"
    assert b.install(update)[0] == 4
    assert seen(b) == ("1.42", "1.42", "1.42")


def test_a_downgrade_that_is_meant(board, images, bundle):
    """Where the configuration allows it, and a person asks for it. The floor does not follow."""
    old, new = images.pair()
    third = images.new(new, version="third", seed=5)
    b = board(old, conf="allow-downgrade yes\n")
    assert b.install(bundle(system=(old, new), args=release(42)))[0] == 4
    assert b.reboot() == "new"
    confirm(b)
    down = bundle(version="third", system=(new, third), args=release(7))
    refused(b, down, "its release is 1.7, and this board takes none below 1.42; --allow-downgrade takes it all the same")
    b.channel.put("/run/bundle", down.read_bytes())
    code, out = b.cowboot("install --allow-downgrade /run/bundle")
    assert code == 4 and "cowboot: a downgrade: its release is 1.7, below 1.42\n" in out
    assert b.reboot() == "third"
    confirm(b)
    assert seen(b) == ("1.42", None, "1.42")


def test_expiry(board, images, bundle, cache):
    def make(out):
        subprocess.run([BUILD / "arm64/musl-gcc", "-Os", "-s", "-o", out, HERE / "clock.c"], check=True)

    b = board()
    b.channel.put("/run/clock", cache.get("clock", make, HERE / "clock.c").read_bytes())

    def it_is(day, how):
        midnight = datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.timezone.utc)
        b.run(f"/run/clock {int(midnight.timestamp())} {how}", check=True)

    update = bundle(system=images.pair(), args=release(42, "--created", "2026-11-30", "--expires", "2026-12-31"))
    it_is("2027-01-01", "right")
    refused(b, update, "it has expired: it was to be installed until 2026-12-31, and today is 2027-01-01")
    it_is("2027-01-01", "wrong")
    code, out = b.install(update)
    assert code == 4
    assert "cowboot: it expires 2026-12-31, which is not checked: the clock is not known to be right\n" in out
    said = b.status()["release"]
    assert (said["clock_right"], said["age_days"], said["created"]) == (False, 32, "2026-11-30")
    assert b.cowboot("cancel")[0] == 0
    it_is("2026-12-31", "right")
    code, out = b.install(update)
    assert code == 4 and "expires" not in out
    assert b.status()["release"]["clock_right"] is True
    # A clock that is before the day of what was seen cannot be right.
    it_is("2026-11-29", "right")
    said = b.status()["release"]
    assert (said["clock_right"], said["age_days"]) == (False, None)
