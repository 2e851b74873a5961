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


# What is missing, beside what it is looked for as, and what to do.
MISSING = [("loader rk/idbloader.img", (), "u-boot/rk/idbloader.img", "its `parts`"),
           ("loader-dtb rk/board.dtb", (), "dtb/rk/board.dtb", "its `parts`"),
           ("dtb rk/board.dtb", (), "dtb/rk/board.dtb", "its `parts`"),
           ("own config.txt", (), "a-board/config.txt", "its `parts`"),
           ("", ("--system", "no.img"), "no.img", "--system"),
           ("", ("--vendor", "no.img"), "no.img", "--vendor"),
           ("", ("--image", "no.img"), "no.img", "--image"),
           ("", ("--kernel", "no/Image"), "no/Image", "--kernel"),
           ("", ("--initramfs", "no.img"), "no.img", "--initramfs")]


@pytest.mark.parametrize("part,words,what,hint", MISSING, ids=lambda v: "_".join(v) if isinstance(v, tuple) else v)
def test_a_file_that_is_missing(board, part, words, what, hint):
    if part:
        (board / "parts").write_text(part + "\n")
    (board / "u-boot").mkdir()
    argv = {"--initramfs": TOP / "build/qemu-virt/initramfs.img", "--uboot": board / "u-boot"} | \
        dict(zip(words[::2], words[1::2]))
    done = subprocess.run([TOP / "qemu/mkdisk", "-o", board / "disk.img", "--board", board,
                           *(str(word) for pair in argv.items() for word in pair)],
                          capture_output=True, text=True)
    assert done.returncode == 1
    assert "mkdisk: cannot find " in done.stderr and what in done.stderr and hint in done.stderr, done.stderr
    assert len(done.stderr.splitlines()) == 1 and not (board / "disk.img").exists()
