# SPDX-License-Identifier: MIT
"""Every script of the tree tells what it is for when asked with --help, and starts nothing."""

import os
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
# Programs of the demo's own Debian, which nobody calls by hand.
GUEST = "qemu/debian/root"


def scripts():
    found = [Path(root, name).relative_to(TOP).as_posix()
             for top in (".ci", "configs", "initramfs", "qemu", "tests")
             for root, _, names in os.walk(TOP / top) for name in names
             if os.access(Path(root, name), os.X_OK)]
    return sorted(name for name in found if not name.startswith(GUEST))


def everything(folder):
    return sorted(path.name for path in folder.iterdir())


def test_there_are_scripts():
    assert {"qemu/run", "initramfs/mkboot", "tests/gate.sh", ".ci/run"} <= set(scripts())


@pytest.mark.parametrize("name", scripts())
@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help(name, word, tmp_path):
    before = everything(TOP), everything((TOP / name).parent)
    # No build folder and no tools but the system's: nothing that it says may hang on them.
    done = subprocess.run([TOP / name, word], cwd=tmp_path, capture_output=True, text=True,
                          timeout=60, stdin=subprocess.DEVNULL,
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                               "COWBOOT_BUILD": str(tmp_path / "build")})
    assert (done.returncode, done.stderr) == (0, "")
    assert "usage: " in done.stdout and Path(name).name in done.stdout.splitlines()[0]
    assert len(done.stdout.splitlines()) > 1, "more than how it is called"
    assert everything(tmp_path) == []
    assert (everything(TOP), everything((TOP / name).parent)) == before
