# SPDX-License-Identifier: MIT
"""The programs that a board wants in its initramfs besides."""
import shutil
import subprocess
from pathlib import Path

from test_initramfs_lock import entries

TOP = Path(__file__).resolve().parents[2]


def make(tmp_path, programs):
    board, out, e2fsck = tmp_path / "board", tmp_path / "initramfs.img", tmp_path / "checker"
    shutil.copytree(TOP / "board/qemu-virt", board, dirs_exist_ok=True)
    (board / "programs").write_text(programs)
    e2fsck.write_text("it")
    run = subprocess.run([TOP / "initramfs/mkinitramfs", "--fast", "--no-modules", "--board", board,
                          "--e2fsck", e2fsck, "-o", out], capture_output=True, text=True)
    if run.returncode:
        return run.stderr
    return entries(subprocess.run(["zstd", "-dcq", out], check=True, stdout=subprocess.PIPE).stdout)


def test_e2fsck(tmp_path):
    assert make(tmp_path, "# for data\ne2fsck\n")["bin/e2fsck"] == (0o100755, b"it")
    assert "bin/e2fsck" not in make(tmp_path, "# none\n")


def test_another(tmp_path):
    assert "cannot add the program fsck.f2fs" in make(tmp_path, "fsck.f2fs\n")
