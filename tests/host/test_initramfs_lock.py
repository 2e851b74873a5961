# SPDX-License-Identifier: MIT
"""What an initramfs holds of a shell, by its board's configuration: the kernel heeds rdinit= before
there is anybody to ask for a password."""
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
HASH = "recovery-password $argon2id$v=19$m=16384,t=3,p=1$c29tZXNhbHQ$aGFzaA\n"


def entries(archive):
    """{path: (mode, content)} of a newc archive."""
    found, at = {}, 0
    while True:
        fields = [int(archive[at + 6 + 8 * n:at + 14 + 8 * n], 16) for n in range(13)]
        name = archive[at + 110:at + 110 + fields[11] - 1].decode()
        begin = (at + 110 + fields[11] + 3) // 4 * 4
        if name == "TRAILER!!!":
            return found
        found[name] = (fields[1], archive[begin:begin + fields[6]])
        at = (begin + fields[6] + 3) // 4 * 4


def make(tmp_path, conf, files={}):
    """The entries of an initramfs with this configuration over the board's; or why there is none."""
    over, out = tmp_path / "over", tmp_path / "initramfs.img"
    for name, text in {"etc/cowboot.conf": conf, **files}.items():
        (over / name).parent.mkdir(parents=True, exist_ok=True)
        (over / name).write_text(text)
    tool = TOP / "initramfs/mkinitramfs"
    run = subprocess.run([tool, "--fast", "--no-modules", "--overlay", over, "-o", out],
                         capture_output=True, text=True)
    if run.returncode:
        assert not out.exists()
        return run.stderr
    return entries(subprocess.run(["zstd", "-dcq", out], check=True, stdout=subprocess.PIPE).stdout)


@pytest.mark.parametrize("conf", ["recovery menu\n", "recovery-shell yes\n", "#recovery-shell no\n"])
def test_open(tmp_path, conf):
    found = make(tmp_path, conf)
    assert found["bin/toybox"][0] & 0o777 == 0o755
    assert found["bin/sh"][1] == b"toybox"


@pytest.mark.parametrize("conf", ["recovery-shell no\n", " recovery-shell\tno # never\n",
                                  "recovery-shell nope\n", "recovery-shell no\n" + HASH])
def test_no_shell(tmp_path, conf):
    """Nothing is left that could be one, nor read or write a disk by its arguments."""
    found = make(tmp_path, conf)
    assert sorted(name for name in found if name.startswith("bin/")) == ["bin/cowboot"]
    assert not any(content == b"toybox" for _, content in found.values())


def test_a_password(tmp_path):
    """The menu makes it a program when the password was given: there are the words, but no program."""
    found = make(tmp_path, HASH)
    assert found["bin/sh"][1] == b"toybox"
    assert found["bin/toybox"][0] & 0o777 == 0o644
    assert found["bin/cowboot"][0] & 0o777 == 0o755


def test_a_hook_that_needs_a_shell(tmp_path):
    hook = {"etc/cowboot/fsck": "#!/bin/sh\nexec true\n"}
    assert "bin/sh" in make(tmp_path, "recovery menu\n", hook)
    (tmp_path / "initramfs.img").unlink()
    for conf in ("recovery-shell no\n", HASH):
        assert "cannot use etc/cowboot/fsck: /bin/sh runs it" in make(tmp_path, conf, hook)
