# SPDX-License-Identifier: MIT
"""make: what a target is made of rebuilds it, a name that is wrong is told, and what it installs."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
HOME = TOP / "build/tests/make"
BOARD = "../build/tests/make/a-board"


def make(*words, cwd=TOP):
    return subprocess.run(["make", "--no-print-directory", *map(str, words)], cwd=cwd, text=True,
                          capture_output=True, env={"PATH": os.environ["PATH"]})


@pytest.fixture
def board():
    """A copy of qemu-virt's folder, whose name begins otherwise, so that make makes a disk."""
    shutil.rmtree(HOME, ignore_errors=True)
    shutil.copytree(TOP / "board/qemu-virt", HOME / "a-board")
    conf = HOME / "a-board/cowboot.conf"
    conf.write_text(conf.read_text().replace("board qemu-virt", "board a-board"))
    yield HOME / "a-board"
    shutil.rmtree(HOME)


def would_make(*words):
    """Which of initramfs and disk make would make, as its own lines name them."""
    done = make("-n", "--no-silent", f"BOARD={BOARD}", *words, "all")
    assert done.returncode == 0, done.stderr
    return set(re.findall(r"printf '  %-7s %s\\n' '(INITRD|DISK)'", done.stdout))


def change(path):
    """A time that is later than that of any file, whatever the steps of the clock."""
    later = time.time() + 60
    os.utime(path, (later, later))


def test_each_variable_of_a_disk(board, tmp_path):
    """In each case there and back: the one before is not newer than the disk either."""
    for name in ("1.img", "2.img"):
        shutil.copyfile(TOP / "build/qemu-virt/initramfs.img", tmp_path / name)
    (tmp_path / "firmware").mkdir()
    (tmp_path / "firmware/start.elf").write_bytes(b"")
    made = TOP / "build" / BOARD
    for name in ("initramfs.img", "disk.img"):      # made just now, as far as make can see
        (made / name).touch()
    assert would_make() == {"INITRD", "DISK"}       # for the first time it is not known of what
    for variables, changed in (
            ([], set()),
            ([f"SYSTEM={tmp_path}/1.img"], {"DISK"}),
            ([f"SYSTEM={tmp_path}/2.img"], {"DISK"}),
            ([f"SYSTEM={tmp_path}/2.img", f"FIRMWARE={tmp_path}/firmware"], {"DISK"}),
            ([], {"DISK"})):
        for name in ("initramfs.img", "disk.img"):
            (made / name).touch()
        assert would_make(*variables) == changed, variables
    (board / "modules-recovery").unlink()
    assert "INITRD" in would_make()
    for name in ("initramfs.img", "disk.img"):
        (made / name).touch()
    change(board / "genimage.cfg")
    assert would_make() == {"DISK"}
    change(board / "cowboot.conf")
    assert would_make() == {"INITRD", "DISK"}


@pytest.mark.parametrize("words, told", [
    (["SYSTEM=none.img"], "cannot find SYSTEM=none.img: name the image of a root file system"),
    (["FIRMWARE=none"], "cannot find FIRMWARE=none: name the folder"),
    (["BUNDLE=none", "qemu"], "cannot find BUNDLE=none: name a bundle"),
    (["BOARD=none"], "cannot find board/none/cowboot.conf: BOARD= is one of "),
    (["ARCH=vax"], "cannot build for ARCH=vax: configs/architectures has no line for it"),
    (["KERNEL=4.19"], "there is no kernel 4.19: configs/versions names 5.10 "),
])
def test_a_name_that_is_wrong(words, told):
    done = make("-n", *words)
    assert done.returncode == 2 and told in done.stderr, done.stderr


def test_a_source_that_is_gone(tmp_path):
    """Linked anew, and a recipe of a library that changed makes that library."""
    def fresh():
        for path in [*(TOP / "build").glob("*/*.made-of"), *(TOP / "build/arm64/lib").glob("*.made-of")]:
            where = tmp_path / path.relative_to(TOP)
            where.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, where)
    fresh()
    text = (TOP / "Makefile").read_text()
    more = tmp_path / "Makefile"
    more.write_text(text.replace("ZSTD_NO_ASM=1", "ZSTD_NO_ASM=0"))
    for name in ("configs", "src", "initramfs", "board", "tests", "VERSION", "qemu"):
        (tmp_path / name).symlink_to(TOP / name)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "build").rglob("*.made-of")}
    done = make("-n", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    changed = {path.name for path, was in before.items() if path.stat().st_mtime_ns != was}
    assert "libzstd.a.made-of" in changed and "init.made-of" not in changed
    (tmp_path / "src").unlink()
    shutil.copytree(TOP / "src", tmp_path / "src")
    (tmp_path / "src/map/dm.c").unlink()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "build").rglob("*.made-of")}
    make("-n", cwd=tmp_path)
    changed = {path.name for path, was in before.items() if path.stat().st_mtime_ns != was}
    assert changed == {"init.made-of", "cowboot.made-of", "rooms.a.made-of"}


def test_kernels_are_shared_with_a_second_build():
    """configs/repro names the same downloads and kernels by their whole paths: nothing is another one."""
    stamps = sorted((TOP / "build/kernels").glob("*.made-of"))
    before = [path.stat().st_mtime_ns for path in stamps]
    done = make("-n", f"DL={TOP}/build/dl", f"KERNELS={TOP}/build/kernels", "all")
    assert done.returncode == 0 and stamps
    assert [path.stat().st_mtime_ns for path in stamps] == before


def everything(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_install_and_uninstall(tmp_path):
    done = make("install", f"DESTDIR={tmp_path}", "PREFIX=/usr")
    assert done.returncode == 0, done.stderr
    assert everything(tmp_path) == [
        "usr/bin/cowboot", "usr/lib/systemd/system/cowboot-log.service",
        "usr/lib/systemd/system/cowboot-mark-good.service",
        "usr/lib/systemd/system/cowboot-merge.service",
        "usr/lib/systemd/system/cowboot-trial-failed.service",
        "usr/lib/systemd/system/cowboot-trial.timer",
        "usr/share/bash-completion/completions/cowboot",
        "usr/share/man/man5/cowboot.conf.5", "usr/share/man/man8/cowboot-bench-disk.8",
        "usr/share/man/man8/cowboot-init.8", "usr/share/man/man8/cowboot.8"]
    program = tmp_path / "usr/bin/cowboot"
    assert subprocess.run([program, "--version"], check=True, capture_output=True).stdout
    (tmp_path / "usr/bin/other").touch()
    done = make("uninstall", f"DESTDIR={tmp_path}", "PREFIX=/usr")
    assert done.returncode == 0 and everything(tmp_path) == ["usr/bin/other"]


def test_architectures():
    """The table says what the boards of QEMU are started with, and what is not in it has no answer."""
    def arch(*words):
        return subprocess.run([TOP / "configs/arch", *words], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
    script = (TOP / "board/qemu-virt/boot.cmd").read_text()
    assert f"{arch('boot').stdout.strip()} ${{kernel_addr_r}}" in script
    assert f"${{kernel_addr_r}} {arch('kernel').stdout.strip()};" in script
    for text in (script, (TOP / "board/qemu-efi/entry.conf").read_text()):
        assert f"console={arch('console').stdout.strip()} " in text
    assert arch("triplet", "arm64").stdout == "aarch64-linux-gnu\n"
    for words in (("no-such-word",), ("elf", "vax")):
        done = arch(*words)
        assert done.returncode == 1 and not done.stdout and "there is no" in done.stderr
