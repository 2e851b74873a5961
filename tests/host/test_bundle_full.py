# SPDX-License-Identifier: MIT
"""cowboot bundle create --full: the whole image, as docs/formats.md has it, and every byte of it covered."""
import json
import random

import pytest

import cowboot
import full_model
from cowboot import bad, run, usage, DONE, FAILED

FRAME = 65536


@pytest.fixture
def new(tmp_path):
    """An image of five frames and a bit, half of which can be packed."""
    noise = random.Random(1)
    image = b"".join(noise.randbytes(FRAME) if n % 2 else bytes([n]) * FRAME for n in range(5)) + b"end"
    (tmp_path / "new").write_bytes(image)
    (tmp_path / "small").write_bytes(b"vendor" * 100)
    return image


def good(*args, **more):
    """However long it takes: that is nothing to look at."""
    return cowboot.good("--progress", "none", *args, **more)


def create(where, out, *options):
    return good("bundle", "create", "--full", "-o", out, "--version", "2", *options, cwd=where)


def test_full_is_what_the_format_says(tmp_path, new):
    said = create(tmp_path, "f", "system=new", "vendor=small")
    assert said.startswith(f"system: {len(new)} bytes in frames of {FRAME}, packed ")
    (image, lengths), (small, _) = full_model.read((tmp_path / "f").read_bytes())
    assert image == new and small == b"vendor" * 100
    assert len(lengths) == 6 and lengths[0] < 100 < FRAME <= lengths[1]


def test_chunks(tmp_path, new):
    create(tmp_path, "f", "--chunk-sectors", "256", "system=new")
    info = json.loads(good("bundle", "info", "--json", "f", cwd=tmp_path))["volumes"][0]
    assert (info["chunk_sectors"], info["frame_bytes"]) == (256, 131072)
    assert full_model.read((tmp_path / "f").read_bytes())[0][0] == new
    bad("bundle", "create", "--full", "-o", "g", "--version", "2", "--chunk-sectors", "4096", "system=new",
        cwd=tmp_path, says="cannot create g: its images are too large for a full bundle, or its chunks are")


def test_info_and_verify_know_it(tmp_path, new):
    create(tmp_path, "f", "system=new")
    info = json.loads(good("bundle", "info", "--json", "f", cwd=tmp_path))
    assert (info["format"], info["signatures"], info["stores_bytes"]) == (7, [], None)
    assert info["bundle_bytes"] == (tmp_path / "f").stat().st_size
    volume, = info["volumes"]
    assert volume["index_bytes"] == 6 * 36 + 81 * 8
    assert volume["new_blake2b"] == full_model.digest(new).hex()
    shown = good("bundle", "info", "f", cwd=tmp_path)
    assert f"  frames   6 of {FRAME} bytes, packed {volume['payload_bytes']}\n" in shown
    assert good("bundle", "verify", "f", cwd=tmp_path) == (
        f"system: {len(new)} bytes in 6 frames, sound\nf: sound, version 2\n")


def test_same_bytes_twice_and_from_a_pipe(tmp_path, new):
    create(tmp_path, "f", "system=new")
    create(tmp_path, "g", "system=new")
    data = (tmp_path / "f").read_bytes()
    assert data == (tmp_path / "g").read_bytes()
    assert run("bundle", "verify", "-", stdin=data, cwd=tmp_path).returncode == DONE


def test_with_a_boot_image_and_a_signature(tmp_path, new):
    (tmp_path / "boot").write_bytes(b"kernel" * 512)
    create(tmp_path, "f", "--boot", "boot", "system=new")
    good("bundle", "manifest", "-o", "m", "f", cwd=tmp_path)
    assert "boot: 3072 bytes, sound\n" in good("bundle", "verify", "f", cwd=tmp_path)
    assert (tmp_path / "m").read_bytes() in (tmp_path / "f").read_bytes()


def test_every_byte_is_covered(tmp_path, new):
    create(tmp_path, "f", "system=new")
    data = bytearray((tmp_path / "f").read_bytes())
    for at in [*range(0, 64, 3), *range(64, 2000, 29), *range(2000, len(data), 4001)]:
        data[at] ^= 1
        (tmp_path / "x").write_bytes(data)
        data[at] ^= 1
        done = run("bundle", "verify", "x", cwd=tmp_path)
        assert done.returncode == FAILED and done.stderr.startswith(b"cowboot: cannot verify x: ")
    for wrong in (data[:-1], data[:900], data + b"\0"):
        (tmp_path / "x").write_bytes(wrong)
        assert run("bundle", "verify", "x", cwd=tmp_path).returncode == FAILED


def test_usage(tmp_path, new):
    for words, says in [
            (("system=new:new",), "cannot open new:new: No such file or directory"),
    ]:
        bad("bundle", "create", "--full", "-o", "f", "--version", "2", *words, cwd=tmp_path, says=says)
    for words, says in [
            (("system",), "'system' is not NAME=NEW"),
            (("system=",), "'system=' is not NAME=NEW"),
            (("--delta", "system=new"), "--full leads from any system: not with --delta or --from"),
            (("--from", "1", "system=new"), "--full leads from any system: not with --delta or --from"),
    ]:
        usage("bundle", "create", "--full", "-o", "f", "--version", "2", *words, cwd=tmp_path, says=says,
              see="cowboot bundle --help")
    (tmp_path / "empty").write_bytes(b"")
    bad("bundle", "create", "--full", "-o", "f", "--version", "2", "system=empty", cwd=tmp_path,
        says="cannot use empty: it is empty")
