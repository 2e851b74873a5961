# SPDX-License-Identifier: MIT
"""A board's folder that cannot work: make says so, and not the board."""
import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture
def board():
    """A copy of qemu-virt's folder, which make finds from board/."""
    home = TOP / "build/tests/a-board"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(TOP / "board/qemu-virt", home)
    text = (home / "cowboot.conf").read_text()
    (home / "cowboot.conf").write_text(text.replace("board qemu-virt", "board a-board"))
    yield home
    shutil.rmtree(home)


def test_a_configuration_that_cannot_be_used(board):
    conf = board / "cowboot.conf"
    conf.write_text(conf.read_text().replace("tries 3", "trys 3"))
    done = subprocess.run(["make", "-s", "-C", TOP, "BOARD=../build/tests/a-board",
                           "build/../build/tests/a-board/initramfs.img"], capture_output=True, text=True)
    assert done.returncode != 0 and "unknown key 'trys'" in done.stderr, done.stderr
    assert not (board / "initramfs.img").exists()


@pytest.mark.parametrize("line", ["volume vendor PARTLABEL=vendor /vendor ext4 ro", "store PARTLABEL=cow"])
def test_a_partition_that_the_disk_does_not_get(board, line):
    with open(board / "cowboot.conf", "a") as conf:
        conf.write(line + "\n")
    out = board / "disk.img"
    initramfs = TOP / "build/qemu-virt/initramfs.img"
    done = subprocess.run([TOP / "qemu/mkdisk", "-o", out, "--board", board, "--initramfs", initramfs],
                          capture_output=True, text=True)
    label = line.partition("PARTLABEL=")[2].split()[0]
    assert done.returncode == 1 and f"cowboot.conf names {label}, and" in done.stderr, done.stderr
    assert not out.exists()
