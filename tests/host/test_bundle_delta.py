# SPDX-License-Identifier: MIT
"""cowboot bundle create --delta: smaller, the same bytes twice, and as docs/formats.md has it."""
import json
import random
import struct
import subprocess

import pytest

import delta_model
from cowboot import good, run, DONE, FAILED

BLOCK, OLD_BLOCKS = 4096, 512


@pytest.fixture
def pair(tmp_path):
    """OLD of noise; NEW has words of it changed, a piece moved, and one that is new."""
    noise = random.Random(1)
    old = noise.randbytes(OLD_BLOCKS * BLOCK)
    new = bytearray(old)
    for at in range(0, 40 * BLOCK, 100):
        new[at] ^= 255
    new[100 * BLOCK:120 * BLOCK] = old[200 * BLOCK + 77:220 * BLOCK + 77]
    new[300 * BLOCK:302 * BLOCK] = noise.randbytes(2 * BLOCK)
    (tmp_path / "old").write_bytes(old)
    (tmp_path / "new").write_bytes(new)
    return tmp_path, old, bytes(new)


def create(where, out, *options):
    return good("bundle", "create", "-o", out, "--version", "2", *options, "system=old:new", cwd=where)


def payload(where, bundle):
    """What the only payload unpacks to: its blocks without the digests behind them."""
    data = (where / bundle).read_bytes()
    at = 64 + sum(struct.unpack_from("<II", data, 12))
    packed = b""
    while at < len(data):
        packed += data[at:at + 131072]
        at += 131072 + 32
    return subprocess.run(["zstd", "-dcq"], input=packed, stdout=subprocess.PIPE, check=True).stdout


def test_delta_is_what_the_format_says(pair):
    where, old, new = pair
    assert ", a delta\n" in create(where, "d", "--delta")
    changed = [n for n in range(OLD_BLOCKS) if old[n * BLOCK:][:BLOCK] != new[n * BLOCK:][:BLOCK]]
    chunks, data = delta_model.read(payload(where, "d"), old)
    assert chunks == changed
    assert data == b"".join(new[n * BLOCK:][:BLOCK] for n in changed)


def test_delta_is_small(pair):
    where, _, _ = pair
    create(where, "plain")
    create(where, "d", "--delta")
    plain, delta = ((where / name).stat().st_size for name in ("plain", "d"))
    assert plain > 62 * BLOCK > 5 * delta


def test_same_bytes_twice(pair):
    where, _, _ = pair
    create(where, "d", "--delta")
    create(where, "e", "--delta")
    assert (where / "d").read_bytes() == (where / "e").read_bytes()


def test_info_and_verify_know_it(pair):
    where, _, _ = pair
    create(where, "d", "--delta")
    info = json.loads(good("bundle", "info", "--json", "d", cwd=where))
    assert info["format"] == 5 and info["signatures"] == []
    assert info["volumes"][0]["delta_bytes"] == len(payload(where, "d"))
    assert ", a delta\n" in good("bundle", "info", "d", cwd=where)
    said = good("bundle", "verify", "d", cwd=where)
    assert "62 exceptions in 3 runs, sound; its data is a delta" in said


def test_what_a_delta_cannot_do_better_travels_as_it_is(tmp_path):
    """Twice the same, further apart than the window of a delta reaches."""
    noise = random.Random(1).randbytes(OLD_BLOCKS * BLOCK)
    (tmp_path / "old").write_bytes(bytes(2 * len(noise)))
    (tmp_path / "new").write_bytes(2 * noise)
    assert "a delta" not in create(tmp_path, "d", "--delta")
    assert (tmp_path / "d").stat().st_size < 1.1 * len(noise)
    assert json.loads(good("bundle", "info", "--json", "d", cwd=tmp_path))["format"] == 1


def test_every_byte_is_covered(pair):
    where, _, _ = pair
    create(where, "d", "--delta")
    data = bytearray((where / "d").read_bytes())
    for at in [*range(64), *range(64, len(data), 1499)]:
        data[at] ^= 1
        (where / "x").write_bytes(data)
        data[at] ^= 1
        done = run("bundle", "verify", "x", cwd=where)
        assert done.returncode == FAILED and done.stderr.startswith(b"cowboot: cannot verify x: ")
    (where / "x").write_bytes(data)
    assert run("bundle", "verify", "x", cwd=where).returncode == DONE
