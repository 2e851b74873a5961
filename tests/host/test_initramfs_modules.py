# SPDX-License-Identifier: MIT
"""The kernel modules of an initramfs: plain in it, however they lie in the kernel's folder; none for a
kernel that has none; and a reason where that cannot be."""
import shutil
import subprocess
from pathlib import Path

import pytest

from test_initramfs_lock import entries

TOP = Path(__file__).resolve().parents[2]
DEBIAN = TOP / "build/kernels/6.1"
RELEASE = "6.1.0-test"
WANTED = ("virtio_blk", "dm-mod", "dm-snapshot", "ext4")
PATH = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
PACK = {".gz": "gzip -n", ".zst": "zstd -q --rm", ".xz": "xz -0", ".bz2": "bzip2"}


def depends():
    """The files of Debian's modules that these names need."""
    release = (DEBIAN / "release").read_text().strip()
    out = subprocess.run(["modprobe", "-C", "/dev/null", "-d", DEBIAN, "-S", release, "-a",
                          "--show-depends", *WANTED], check=True, env=PATH, text=True,
                         stdout=subprocess.PIPE).stdout
    return sorted({Path(line.split()[1]) for line in out.splitlines() if line.startswith("insmod")})


@pytest.fixture
def kernel(tmp_path):
    """A kernel's folder with a few modules."""
    home = tmp_path / "kernel"
    modules = home / "lib/modules" / RELEASE / "kernel"
    modules.mkdir(parents=True)
    for path in depends():
        shutil.copy(path, modules)
    (home / "release").write_text(f"{RELEASE}\n")
    (home / "config").write_text("CONFIG_MODULES=y\nCONFIG_RD_ZSTD=y\n")
    for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
        (modules.parent / name).write_text("")
    return home


@pytest.fixture
def board(tmp_path):
    home = tmp_path / "board"
    home.mkdir()
    shutil.copy(TOP / "board/qemu-virt/cowboot.conf", home)
    (home / "modules").write_text("virtio_blk\n-no_such_driver\n")
    return home


def make(kernel, board):
    """The entries of its initramfs; or why there is none."""
    out = kernel.parent / "initramfs.img"
    done = subprocess.run([TOP / "initramfs/mkinitramfs", "--fast", "--no-recovery", "--kernel", kernel,
                           "--board", board, "-o", out], capture_output=True, text=True)
    if done.returncode:
        assert not out.exists() and "Traceback" not in done.stderr
        return done.stderr
    return entries(subprocess.run(["zstd", "-dcq", out], check=True, stdout=subprocess.PIPE).stdout)


def pack(kernel, suffix, only=""):
    for path in kernel.glob(f"lib/modules/*/kernel/{only}*.ko"):
        subprocess.run([*PACK[suffix].split(), path], check=True)


def depmod(kernel):
    subprocess.run(["depmod", "-b", kernel, RELEASE], check=True, env=PATH)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst", ".xz"])
def test_packed(kernel, board, suffix):
    plain = {path.name: path.read_bytes() for path in kernel.glob("lib/modules/*/kernel/*.ko")}
    if suffix:
        pack(kernel, suffix)
    depmod(kernel)
    found = make(kernel, board)
    listed = found["etc/modules"][1].decode().split()
    assert len(listed) == len(plain)
    for path in listed:
        assert found[path.lstrip("/")][1] == plain[Path(path).name]


def test_packed_otherwise(kernel, board):
    pack(kernel, ".bz2", only="virtio_blk")
    depmod(kernel)
    assert "virtio_blk.ko.bz2: modules may be packed as .xz, .gz, .zst, not as .bz2" in make(kernel, board)


def test_damaged(kernel, board):
    pack(kernel, ".zst", only="ext4")
    depmod(kernel)
    path = next(kernel.glob("lib/modules/*/kernel/ext4.ko.zst"))
    path.write_bytes(path.read_bytes()[:1000])
    assert f"cannot unpack {path}" in make(kernel, board)
    path.write_bytes(subprocess.run(["zstd", "-qc"], input=b"no module", check=True,
                                    stdout=subprocess.PIPE).stdout)
    assert f"cannot use {path}: what is in it is no kernel module" in make(kernel, board)


def test_all_built_in(kernel, board):
    """CONFIG_MODULES=n: such a kernel's folder may have a list of what is built in, or nothing."""
    (kernel / "config").write_text("# CONFIG_MODULES is not set\nCONFIG_RD_ZSTD=y\n")
    shutil.rmtree(kernel / "lib")
    found = make(kernel, board)
    assert "init" in found and "etc/modules" not in found
    listed = kernel / "lib/modules" / RELEASE / "modules.builtin"
    listed.parent.mkdir(parents=True)
    names = ["virtio_blk", "dm-mod", "dm-snapshot", "ext4"]
    listed.write_text("".join(f"kernel/drivers/{name}.ko\n" for name in names))
    assert "etc/modules" not in make(kernel, board)
    (kernel.parent / "initramfs.img").unlink()
    listed.write_text("".join(f"kernel/drivers/{name}.ko\n" for name in names[1:]))
    assert "cannot find virtio_blk: kernel 6.1.0-test has no modules" in make(kernel, board)
