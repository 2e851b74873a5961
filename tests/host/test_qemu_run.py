# SPDX-License-Identifier: MIT
"""`make qemu`: what it says before it starts, U-Boot's environment, and a board and a bundle of one's
own, up to the prompt."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "qemu"))
from stream import Stream  # noqa: E402
from uboot_env import defaults, environment  # noqa: E402
from vm import UBOOT  # noqa: E402

BOARD = "../build/tests/of-my-own"


def start(env, **more):
    return subprocess.Popen([TOP / "qemu/run"], env=os.environ | env, text=True, **more)


@pytest.mark.parametrize("env, told", [
    ({"BUNDLE": "/none.bundle"}, "cannot find BUNDLE=/none.bundle"),
    ({"SYSTEM": "/none.img"}, "cannot find SYSTEM=/none.img"),
    ({"BOARD": "none"}, "there is no board none"),
    ({"BOARD": "rpi4"}, "cannot start rpi4: QEMU has no such machine"),
    ({"BOARD": "raspi3b", "BUNDLE": "/bin/true"}, "cannot use BUNDLE=: QEMU's raspi3b has one disk"),
])
def test_what_cannot_be_started(env, told):
    with start(env, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
        said = process.communicate()[1]
    assert process.returncode == 1 and told in said


def test_the_environment_of_uboot():
    binary = Path(UBOOT).read_bytes()
    values = defaults(binary)
    # Debian 12's, and Debian 13's: both try boot_targets in their order.
    assert values[b"bootcmd"] in (b"run distro_bootcmd", b"bootflow scan -lb")
    assert b"virtio" in values[b"boot_targets"]
    assert environment(b"another loader", {}) == b""
    data = environment(binary, {"boot_targets": "virtio0"})
    assert b"\0boot_targets=virtio0\0" in data and data.endswith(b"\0\0")


@pytest.fixture
def board():
    """A copy of qemu-virt's folder with its initramfs, as `make BOARD=` leaves it."""
    home = TOP / "build/tests/of-my-own"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(TOP / "board/qemu-virt", home)
    conf = home / "cowboot.conf"
    conf.write_text(conf.read_text().replace("board qemu-virt", "board of-my-own"))
    subprocess.run([TOP / "initramfs/mkinitramfs", "--board", home, "-o", home / "initramfs.img"], check=True)
    yield home
    shutil.rmtree(home)


def test_a_board_and_a_bundle_of_ones_own(board, tmp_path):
    bundle = tmp_path / "my.bundle"
    bundle.write_bytes(bytes(1000))
    console = Stream("console")
    process = start({"BOARD": BOARD, "BUNDLE": str(bundle), "KERNEL": "6.1"}, stdin=console.fd,
                    stdout=console.fd, stderr=console.fd)
    try:
        console.start()
        console.expect("(?s)my.bundle is the second disk.*head -c 1000 /dev/vdb", 60)
        before = console.at
        console.expect("Starting kernel", 60)
        assert "Error" not in console.text()[before:] and "fatal" not in console.text()[before:]
        console.expect("(?s)head -c 1000 /dev/vdb.*cowboot mark-good --wait.*1 on of-my-own # ", 60)
        console.send(b"head -c 1000 /dev/vdb | cmp - /dev/zero; echo so $?\n")
        console.expect("EOF on -", 30)
    finally:
        process.kill()
        process.wait()
        console.close()
