# SPDX-License-Identifier: MIT
"""Installing from a server, on a board: by a curl of the test's own (curl.c), since these guests have no network."""
import subprocess
from pathlib import Path

import pytest
from artefacts import BUILD
from board import image_digest, without_progress
from steps import store_devices, store_files

HERE = Path(__file__).parent
URL = "https://me:secret@updates.example/2.bundle?key=secret"
NAME = "https://updates.example/2.bundle"


@pytest.fixture
def curl(cache):
    def make(out):
        subprocess.run([BUILD / "arm64/musl-gcc", "-Os", "-s", "-o", out, HERE / "curl.c"], check=True)
    return cache.get("curl", make, HERE / "curl.c")


def serve(b, curl, data, breaks=0):
    b.run("mkdir -p /run/bin; rm -f /run/asked", check=True)
    b.channel.put("/run/bin/curl", curl.read_bytes())
    b.run("chmod 755 /run/bin/curl", check=True)
    b.channel.put("/run/served", data)
    b.channel.put("/run/breaks", b"x" * breaks)


def install(b, timeout=120):
    code, out = b.run(f"PATH=/run/bin:$PATH cowboot install '{URL}'", timeout=timeout)
    assert "secret" not in out
    return code, without_progress(out)


@pytest.mark.parametrize("args", [("--full",), ()])
def test_from_a_server(board, images, bundle, curl, args):
    """With two lines that break; of a full bundle only what is needed comes."""
    old, new = images.pair()
    data = bundle(system=(old, new), args=args).read_bytes()
    b = board()
    serve(b, curl, data, breaks=2)
    code, out = install(b)
    assert code == 4 and "installed new: reboot to try it (3 tries)\n" in out
    assert out.count("cowboot: the line broke, at byte ") == 2
    assert f" of {len(data) // 1000000}.{len(data) % 1000000 // 100000} MB\n" in out
    assert b.run("cat /run/asked", check=True).startswith('range = "0-16383"\n')
    assert b.digest() == image_digest(old)
    assert b.reboot() == "new"
    assert b.digest() == image_digest(new)


def test_what_fails_changes_nothing(board, images, bundle, curl):
    old, new = images.pair()
    data = bundle(system=(old, new)).read_bytes()
    b = board()
    code, out = b.run(f"cowboot install '{URL}'")
    assert (code, out) == (1, f"cowboot: cannot install {NAME}: there is no curl to fetch it with: install curl, or "
                              "pipe the bundle into cowboot install -\n")
    wrong = bytearray(data)
    wrong[-1] ^= 1
    for served, why in [
            (bytes(wrong), "the payload of volume system is damaged"),
            (data[:-1], f"the file there has {len(data) - 1} bytes, and the bundle {len(data)}")]:
        serve(b, curl, served)
        code, out = install(b)
        assert code == 1 and f"cowboot: cannot install {NAME}: " in out and why in out
    assert b.status()["phase"] == "idle" and store_files(b) == store_devices(b) == []
    assert b.partition_digest("system") == image_digest(old)
    serve(b, curl, data)
    assert install(b)[0] == 4
