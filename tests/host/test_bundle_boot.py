# SPDX-License-Identifier: MIT
"""Bundles with an image for the other boot slot: format 2, its payload first."""

import hashlib
import json
import os
import struct
import subprocess
from pathlib import Path

import pytest

from cowboot import bad, good, run, FAILED

TOP = Path(__file__).resolve().parents[2]
HEADER_BYTES = 64


def b2(data):
    return hashlib.blake2b(data, digest_size=32).hexdigest()


@pytest.fixture
def made(images):
    """A bundle of one volume and a boot image, and what went in."""
    images.pair("system", 64, [3])
    boot = os.urandom(9000) + bytes(512 * 40 - 9000)
    (images.directory / "boot").write_bytes(boot)
    said = good("bundle", "create", "-o", "b", "--version", "2", "--boot", "boot",
                "system=system.old:system.new", cwd=images.directory)
    return images.directory, boot, (images.directory / "b").read_bytes(), said


def head(bundle):
    """The manifest's lines as a dict, the boot image's among them, and where it ends."""
    end = HEADER_BYTES + struct.unpack_from("<I", bundle, 12)[0]
    lines = bundle[HEADER_BYTES:end].decode().splitlines()
    return dict(line.split() for line in lines if line.startswith(("boot-", "format"))), end


def forge(bundle, old, new):
    _, end = head(bundle)
    text = bundle[HEADER_BYTES:end].replace(old.encode(), new.encode(), 1)
    assert text != bundle[HEADER_BYTES:end]
    digest = hashlib.blake2b(text, digest_size=32).digest()
    return bundle[:12] + struct.pack("<I", len(text)) + bundle[16:32] + digest + text + bundle[end:]


def test_it_is_format_2_and_says_so(made):
    directory, boot, bundle, said = made
    lines, end = head(bundle)
    packed = int(lines["boot-payload-bytes"])
    assert bundle[8:12] == struct.pack("<I", 2) and lines["format"] == "2"
    assert lines["boot-bytes"] == str(len(boot)) and lines["boot-blake2b"] == b2(boot)
    assert lines["boot-payload-blake2b"] == b2(bundle[end:end + packed])
    assert said.splitlines()[0] == f"boot: {len(boot)} bytes, packed {packed}"
    info = good("bundle", "info", "b", cwd=directory)
    assert "bundle     format 2, " in info
    assert f"boot slot  {len(boot)} bytes, packed {packed}\n  image    {b2(boot)}\n" in info
    assert json.loads(good("bundle", "info", "--json", "b", cwd=directory))["boot"] == {
        "image_bytes": len(boot), "payload_bytes": packed,
        "payload_blake2b": lines["boot-payload-blake2b"], "image_blake2b": b2(boot)}
    verified = good("bundle", "verify", "b", cwd=directory)
    assert verified.startswith(f"boot: {len(boot)} bytes, sound\nsystem: 1 exceptions in 1 runs")


def test_payload_is_the_image(made):
    _, boot, bundle, _ = made
    lines, end = head(bundle)
    payload = bundle[end:end + int(lines["boot-payload-bytes"])]
    unpacked = subprocess.run(["zstd", "-dc"], input=payload, stdout=subprocess.PIPE, check=True)
    assert unpacked.stdout == boot


def test_the_same_twice(made):
    directory, _, bundle, _ = made
    good("bundle", "create", "-o", "c", "--version", "2", "--boot", "boot",
         "system=system.old:system.new", cwd=directory)
    assert (directory / "c").read_bytes() == bundle


def test_a_new_kernel_alone_is_an_update(images):
    images.pair("system", 64, [])
    (images.directory / "boot").write_bytes(bytes(512))
    good("bundle", "create", "-o", "b", "--version", "2", "--boot", "boot",
         "system=system.old:system.new", cwd=images.directory)
    good("bundle", "verify", "b", cwd=images.directory)


@pytest.mark.parametrize("size_bytes, says", [
    (0, "the boot image is not whole sectors of 512 bytes"),
    (1000, "the boot image is not whole sectors of 512 bytes"),
    (None, "cannot open none"),
])
def test_images_that_are_none(images, size_bytes, says):
    images.pair("system", 8, [0])
    if size_bytes is not None:
        (images.directory / "none").write_bytes(bytes(size_bytes))
    done = run("bundle", "create", "-o", "b", "--version", "2", "--boot", "none",
               "system=system.old:system.new", cwd=images.directory)
    assert done.returncode == FAILED and says in done.stderr.decode()
    assert not (images.directory / "b").exists()


def test_damage(made):
    _, _, bundle, _ = made
    lines, end = head(bundle)
    for at in (end, end + 7, end + int(lines["boot-payload-bytes"]) - 1):
        spoilt = bytearray(bundle)
        spoilt[at] ^= 1
        done = run("bundle", "verify", "-", stdin=bytes(spoilt))
        assert done.returncode == FAILED
        assert b"the payload of the boot image is damaged: " in done.stderr
    other = "0" * 64
    for old, new, says in (
            (f"boot-blake2b {lines['boot-blake2b']}", f"boot-blake2b {other}",
             "the boot image is not the one its manifest promises"),
            (f"boot-bytes {lines['boot-bytes']}", "boot-bytes 512",
             "its manifest contradicts itself about the boot image"),
            (f"boot-bytes {lines['boot-bytes']}", f"boot-bytes {512 * 39}",
             "the payload of the boot image is damaged: it unpacks to too much"),
            (f"boot-bytes {lines['boot-bytes']}", f"boot-bytes {512 * 41}",
             "the payload of the boot image is damaged: it unpacks to too little"),
            ("format 2", "format 1", "its manifest is wrong in line 3 (volume)")):
        done = run("bundle", "verify", "-", stdin=forge(bundle, old, new))
        assert done.returncode == FAILED and says in done.stderr.decode(), done.stderr


def test_a_header_of_format_1_is_refused(made):
    _, _, bundle, _ = made
    bad("bundle", "verify", "-", stdin=bundle[:8] + struct.pack("<I", 1) + bundle[12:],
        says="cannot verify standard input: its header and its manifest are of different formats")


def test_mkboot_makes_the_same_bytes_and_what_u_boot_loads(tmp_path):
    for name, size_bytes in (("kernel", 300000), ("initramfs", 50000), ("board.dtb", 4000)):
        (tmp_path / name).write_bytes(os.urandom(size_bytes))
    argv = [TOP / "initramfs/mkboot", "--kernel", "kernel", "--initramfs", "initramfs", "--dtb",
            "board.dtb", "--args", "loglevel=3", "-o"]
    for out in "one", "two":
        subprocess.run([*argv, out], cwd=tmp_path, check=True)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one").stat().st_size % (1 << 20) == 0
    for name, source in (("Image", "kernel"), ("initramfs.img", "initramfs"),
                         ("dtb/board.dtb", "board.dtb")):
        got = subprocess.run(["mtype", "-i", tmp_path / "one", f"::{name}"], check=True,
                             stdout=subprocess.PIPE).stdout
        assert got == (tmp_path / source).read_bytes()
    small = subprocess.run([*argv, "three", "--mib", "1"], cwd=tmp_path, capture_output=True)
    assert (tmp_path / "three").exists() == (small.returncode == 0)
