# SPDX-License-Identifier: MIT
"""cowboot image update: the new image has the tree's files, unchanged ones where they were; and whatever fails
or is interrupted, nothing stays mounted and no half file is left."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

import cowboot
from cowboot import bad, good, run, usage, FAILED

MIB = 1 << 20
PROGRAM = Path(cowboot.PROGRAM).resolve()
SEE = "cowboot image --help"
UPDATE = ["image", "update"]


def has_fuse():
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError:
        return False
    return shutil.which("fuse2fs", path="/usr/bin:/usr/sbin:/sbin") is not None


ROOT = pytest.param([], marks=pytest.mark.root)
FUSE = pytest.param(["--fuse"], marks=pytest.mark.skipif(not has_fuse(), reason="there is no fuse2fs, or no /dev/fuse"))
BOTH = pytest.mark.parametrize("how", [ROOT, FUSE])


def tool(*words, **more):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more).stdout


def system(folder, seed):
    """A tree whose files are alike for every seed, but for one."""
    folder.mkdir()
    for number in range(40):
        (folder / f"file-{number}").write_bytes(bytes((number * 7 + i // 512) % 256 for i in range(20000)))
    (folder / "changed").write_bytes(seed * 5000)
    (folder / "link").symlink_to("changed")
    os.link(folder / "file-0", folder / "hard")
    (folder / "set").write_bytes(b"x")
    (folder / "set").chmod(0o4755)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """old.img, ext4 from a tree with `gone`; and the tree of the new system."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cowboot, "PROGRAM", str(PROGRAM))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    system(tmp_path / "before", b"old")
    (tmp_path / "before/gone").write_bytes(b"gone")
    system(tmp_path / "tree", b"new")
    (tmp_path / "tree/more").mkdir()
    tool("/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-d", "before", "old.img", "8M")
    return tmp_path


def update(*words, says):
    """Here the programs that it runs may say something, too; ours is the last line."""
    done = subprocess.run([PROGRAM, *UPDATE, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == FAILED and done.stdout == ""
    assert done.stderr.splitlines()[-1] == f"cowboot: {says}"


@pytest.fixture(autouse=True)
def nothing_is_left(place):
    before = set(os.listdir(place)) | {"new.img"}
    yield
    assert os.listdir(place / "scratch") == []
    assert set(os.listdir(place)) - before <= {"bin", "mnt"}
    assert str(place) not in Path("/proc/self/mounts").read_text()
    # The kernel takes a loop device away when its last user is gone, which may be somebody who only looks.
    for _ in range(500):
        if str(place) not in tool("losetup", "-a", env={"PATH": "/usr/sbin:/sbin"}).decode():
            return
        time.sleep(0.02)
    raise AssertionError("a loop device is left")


def files_of(image, folder):
    """What debugfs takes out of an image, without a mount."""
    folder.mkdir()
    tool("/sbin/debugfs", "-R", f"rdump / {folder}", image)
    return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
            for path in folder.rglob("*")}


@BOTH
def test_update(place, how):
    before = (place / "old.img").read_bytes()
    assert good(*UPDATE, *how, "old.img", "tree", "-o", "new.img").endswith(f"new.img: {8 * MIB} bytes\n")
    assert (place / "old.img").read_bytes() == before
    tool("/sbin/e2fsck", "-fn", "new.img")
    got = files_of("new.img", place / "scratch/out")
    shutil.rmtree(place / "scratch/out")
    want = {path.relative_to("tree").as_posix(): path.read_bytes() if path.is_file() else b""
            for path in (Path("tree")).rglob("*")}
    got.pop("lost+found")
    assert got == want and "gone" not in got
    stat = tool("/sbin/debugfs", "-R", "stat /set", "new.img").decode()
    assert "Mode:  04755" in stat
    # All of the files lie where they were: 40 of 20 kB each would be 200 chunks and more.
    assert int(good("store", "create", "old.img", "new.img", "-o", "scratch/s").split()[1]) < 60
    (place / "scratch/s").unlink()


@BOTH
def test_no_room(place, how):
    (place / "tree/much").write_bytes(os.urandom(9 * MIB))
    update(*how, "old.img", "tree", "-o", "new.img", says=(
        "cannot update old.img: there is no room in its file system for tree; take away from the tree, or make "
        "the image larger with resize2fs"))
    assert not (place / "new.img").exists()


def fake(place, name, text):
    (place / "bin").mkdir(exist_ok=True)
    (place / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
    (place / "bin" / name).chmod(0o755)
    return {**os.environ, "PATH": f"{place}/bin:{os.environ['PATH']}"}


@BOTH
def test_rsync_that_fails(place, how, monkeypatch):
    env = fake(place, "rsync", "echo 'rsync: something' >&2; exit 23")
    monkeypatch.setenv("PATH", env["PATH"])
    (place / "new.img").write_bytes(b"what was there")
    update(*how, "old.img", "tree", "-o", "new.img",
           says="cannot update old.img: rsync could not copy all of tree")
    assert (place / "new.img").read_bytes() == b"what was there"


@BOTH
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal(place, how, number):
    env = fake(place, "rsync", "touch began; exec sleep 600")
    child = subprocess.Popen([PROGRAM, *UPDATE, *how, "old.img", "tree", "-o", "new.img"], env=env)
    while not (place / "began").exists():
        assert child.poll() is None
        time.sleep(0.02)
    assert os.listdir(place / "scratch") != []
    child.send_signal(number)
    assert child.wait() == -number and not (place / "new.img").exists()
    (place / "began").unlink()


@pytest.mark.root
def test_an_old_one_in_use(place):
    (place / "mnt").mkdir()
    tool("mount", "-o", "loop", "old.img", "mnt")
    try:
        bad(*UPDATE, "old.img", "tree", "-o", "new.img", says=(
            "cannot use old.img: it is mounted and may change while it is read; unmount it, or remount it read-only"))
    finally:
        tool("umount", "mnt")


def test_an_old_one_that_was_not_unmounted(place):
    tool("/sbin/debugfs", "-w", "-R", "feature needs_recovery", "old.img")
    done = run(*UPDATE, "old.img", "tree", "-o", "new.img")
    assert done.returncode == FAILED and b"cannot use old.img: it was not unmounted" in done.stderr


@pytest.fixture
def small(place):
    """A disk of 6 MiB on mnt, for the new image."""
    (place / "mnt").mkdir()
    tool("mount", "-t", "tmpfs", "-o", "size=6M", "small", "mnt")
    yield place / "mnt"
    for _ in range(500):        # the loop device may still be on its way out
        if subprocess.run(["umount", "mnt"], stderr=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.02)
    raise AssertionError("mnt is in use")


@pytest.mark.root
def test_no_room_on_the_disk(place, small):
    done = run(*UPDATE, "old.img", "tree", "-o", "mnt/new.img")
    assert done.returncode == FAILED and os.listdir(small) == []
    assert b"cannot write mnt/new.img: it may take " in done.stderr


@pytest.mark.root
@BOTH
def test_a_disk_that_fills_up_meanwhile(place, small, how, monkeypatch):
    tool("mount", "-o", "remount,size=12M", "mnt")
    (place / "tree/much").write_bytes(os.urandom(3 * MIB))
    env = fake(place, "rsync", "head -c 20M /dev/urandom > mnt/filler 2> /dev/null; exec /usr/bin/rsync \"$@\"")
    monkeypatch.setenv("PATH", env["PATH"])
    done = run(*UPDATE, *how, "old.img", "tree", "-o", "mnt/new.img")
    assert done.returncode == FAILED and os.listdir(small) == ["filler"], done.stderr


def test_kinds(place):
    (place / "old.img").write_bytes(b"hsqs" + bytes(MIB))
    bad(*UPDATE, "old.img", "tree", "-o", "new.img", says=(
        "cannot update old.img: squashfs is made as a whole; make the new image with its own tool, and bundle "
        "create takes that"))
    (place / "old.img").write_bytes(b"XFSB" + bytes(MIB))
    bad(*UPDATE, "--fuse", "old.img", "tree", "-o", "new.img",
        says="cannot update old.img: fuse2fs writes ext4, and it is xfs; run this as root")
    (place / "old.img").write_bytes(bytes(MIB))
    bad(*UPDATE, "old.img", "tree", "-o", "new.img",
        says="cannot update old.img: it has no file system that is known here")


def test_trees(place):
    bad(*UPDATE, "old.img", "none", "-o", "new.img", says="cannot read none: No such file or directory")
    bad(*UPDATE, "old.img", "old.img", "-o", "new.img", says="cannot read old.img: Not a directory")
    (place / "mnt").mkdir()
    bad(*UPDATE, "old.img", "mnt", "-o", "new.img", says="cannot use mnt: there is nothing in it")


def test_programs_that_are_missing(place):
    bad(*UPDATE, "old.img", "tree", "-o", "new.img", env={**os.environ, "PATH": str(place)},
        says="cannot update old.img: rsync is not installed; install it")
    env = fake(place, "rsync", "exit 0")
    bad(*UPDATE, "--fuse", "old.img", "tree", "-o", "new.img", env={**env, "PATH": str(place / "bin")}, says=(
        "cannot update old.img: only root may mount it, and fuse2fs is not installed; install it, or run this as "
        "root"))


@pytest.mark.root
def test_an_image_that_cannot_be_mounted(place, monkeypatch):
    monkeypatch.setenv("PATH", fake(place, "mount", "echo 'mount: no' >&2; exit 32")["PATH"])
    update("old.img", "tree", "-o", "new.img", says=(
        "cannot update old.img: it cannot be mounted; where there are no loop devices, --fuse may do it"))


def test_outputs(place):
    done = run(*UPDATE, "old.img", "tree", "-o", "old.img")
    assert done.returncode == FAILED and b"it is old.img, which is read" in done.stderr
    usage(*UPDATE, "old.img", "tree", "-o", "-", says="image update writes a file, not standard output", see=SEE)


@pytest.mark.parametrize("words", [[], ["a", "-o", "b"], ["a", "b"], ["a", "b", "c", "-o", "d"]])
def test_words(words):
    usage(*UPDATE, *words, says="image update needs OLD, TREE and -o NEW", see=SEE)
