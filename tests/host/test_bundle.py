# SPDX-License-Identifier: MIT
"""cowboot bundle: create, info, verify; the same bytes twice; every kind of damage."""

import hashlib
import json
import os
import struct

import pytest

import model
from cowboot import bad, good, run, usage, DONE, FAILED, NOTHING

HEADER_BYTES = 64
OPTIONS = ["--version", "12.2", "--from", "12.1", "--board", "qemu-virt"]


def b2(data):
    return hashlib.blake2b(data, digest_size=32).hexdigest()


@pytest.fixture
def two(images):
    """Two volumes, a bundle of them, and their bytes."""
    system = images.pair("system", 4000, [0, 1, 2, 77, 78, 499])
    vendor = images.pair("vendor", 1001, [125])
    good("bundle", "create", "-o", "b", *OPTIONS, "system=system.old:system.new",
         "vendor=vendor.old:vendor.new", cwd=images.directory)
    return images, system, vendor, (images.directory / "b").read_bytes()


def parts(bundle):
    """Manifest's end, and where the second payload begins."""
    manifest_end = HEADER_BYTES + struct.unpack_from("<I", bundle, 12)[0]
    manifest = bundle[HEADER_BYTES:manifest_end].decode().splitlines()
    sizes = [int(line.split()[1]) for line in manifest if line.startswith("payload-bytes ")]
    assert manifest_end + sum(sizes) == len(bundle)
    return manifest_end, manifest_end + sizes[0]


def test_create_says_what_it_made(images):
    images.pair("system", 4000, [0, 1, 2])
    said = good("bundle", "create", "-o", "b", "--version", "1", "system=system.old:system.new",
                cwd=images.directory)
    packed = len((images.directory / "b").read_bytes())
    lines = said.splitlines()
    assert lines[0].startswith("system: 3 chunks changed, store 20480 bytes, packed ")
    assert 0 < int(lines[0].split()[-1]) < packed
    assert lines[1] == "b: version 1, 1 volume"
    assert len(lines) == 2


def test_manifest(two):
    _, system, vendor, bundle = two
    manifest_end, second = parts(bundle)
    first_payload, second_payload = bundle[manifest_end:second], bundle[second:]
    assert bundle[:32] == b"COWBNDL1" + struct.pack("<3I", 1, manifest_end - 64, 0) + bytes(12)
    assert bundle[32:64].hex() == b2(bundle[64:manifest_end])
    assert bundle[64:manifest_end].decode() == f"""\
format 1
board qemu-virt
version-from 12.1
version-to 12.2
volume system
image-bytes {len(system[0])}
chunk-sectors 8
exceptions 6
store-bytes {model.store_bytes(8, 6)}
payload-bytes {len(first_payload)}
payload-blake2b {b2(first_payload)}
old-blake2b {b2(system[0])}
new-blake2b {b2(system[1])}
volume vendor
image-bytes {len(vendor[0])}
chunk-sectors 8
exceptions 1
store-bytes {model.store_bytes(8, 1)}
payload-bytes {len(second_payload)}
payload-blake2b {b2(second_payload)}
old-blake2b {b2(vendor[0])}
new-blake2b {b2(vendor[1])}
"""


def test_payload_is_the_store(two):
    """One zstd frame with checksum and content size, as the format says."""
    _, system, _, bundle = two
    begin, _ = parts(bundle)
    magic, descriptor = struct.unpack_from("<IB", bundle, begin)
    assert magic == 0xFD2FB528
    assert descriptor & 0x04                            # content checksum
    size_flag, single = descriptor >> 6, descriptor >> 5 & 1
    assert size_flag or single                          # content size is there
    at = begin + 5 + (0 if single else 1)
    length = [1, 2, 4, 8][size_flag]
    size = int.from_bytes(bundle[at:at + length], "little") + (256 if size_flag == 1 else 0)
    assert size == len(model.kernel_store(*system, 8))


def test_info(two):
    images, system, vendor, bundle = two
    text = good("bundle", "info", "b", cwd=images.directory)
    assert f"bundle     format 1, {len(bundle)} bytes\n" in text
    assert "board      qemu-virt\nversion    12.1 -> 12.2\n" in text
    assert "  changed  6 chunks of 4096 bytes\n" in text
    for data in system + vendor:
        assert b2(data) in text
    assert good("bundle", "info", "-", stdin=bundle) == text
    # Header and manifest are enough.
    assert good("bundle", "info", "-", stdin=bundle[:parts(bundle)[0]]) == text


def test_info_json(two):
    images, system, _, bundle = two
    said = json.loads(good("bundle", "info", "--json", "b", cwd=images.directory))
    begin, second = parts(bundle)
    assert list(said) == ["schema", "format", "bundle_bytes", "signatures", "board", "version_from", "version_to",
                          "release", "created", "expires", "boot", "stores_bytes", "volumes"]
    assert said["stores_bytes"] == sum(model.room_bytes(v["chunk_sectors"], v["exceptions"])
                                       for v in said["volumes"])
    assert said["boot"] is None and said["signatures"] == []
    assert said["schema"] == 1 and said["format"] == 1 and said["bundle_bytes"] == len(bundle)
    assert said["volumes"][0] == {
        "name": "system", "image_bytes": len(system[0]), "old_bytes": len(system[0]), "chunk_sectors": 8, "exceptions": 6,
        "store_bytes": model.store_bytes(8, 6), "payload_bytes": second - begin,
        "payload_blake2b": b2(bundle[begin:second]), "old_blake2b": b2(system[0]),
        "new_blake2b": b2(system[1])}
    assert said["volumes"][1]["name"] == "vendor"


def test_info_without_the_optional(images):
    images.pair("a", 8, [0])
    good("bundle", "create", "-o", "b", "--version", "1", "a=a.old:a.new", cwd=images.directory)
    said = json.loads(good("bundle", "info", "--json", "b", cwd=images.directory))
    assert said["board"] is None and said["version_from"] is None
    text = good("bundle", "info", "b", cwd=images.directory)
    assert "board      any\nversion    (not said) -> 1\nrelease    none\n" in text
    assert said["release"] is said["created"] is said["expires"] is None


def test_verify(two):
    images, _, _, bundle = two
    want = ("system: 6 exceptions in 3 runs, sound\nvendor: 1 exceptions in 1 runs, sound\n"
            "{}: sound, version 12.2\n")
    assert good("bundle", "verify", "b", cwd=images.directory) == want.format("b")
    assert good("bundle", "verify", "-", stdin=bundle) == want.format("standard input")


def test_verify_leaves_no_scratch(two):
    images, _, _, bundle = two
    scratch = images.directory / "scratch"
    scratch.mkdir()
    env = dict(os.environ, TMPDIR=str(scratch))
    good("bundle", "verify", "b", cwd=images.directory, env=env)
    assert run("bundle", "verify", "-", stdin=bundle[:-1], env=env).returncode == FAILED
    assert not os.listdir(scratch)
    env["TMPDIR"] = str(scratch / "none")
    bad("bundle", "verify", "b", cwd=images.directory, env=env,
        says="cannot verify b: cannot make a scratch file in "
        f"{scratch}/none: No such file or directory")


def test_reproducible(two):
    """The same images and options, at another time, in another place: the same bytes."""
    images, _, _, bundle = two
    elsewhere = images.directory / "elsewhere"
    elsewhere.mkdir()
    words = ["bundle", "create", *OPTIONS,
             f"system={images.directory}/system.old:{images.directory}/system.new",
             f"vendor={images.directory}/vendor.old:{images.directory}/vendor.new"]
    good(*words, "-o", "c", cwd=elsewhere)
    assert (elsewhere / "c").read_bytes() == bundle
    done = run(*words, "-o", "-", cwd=elsewhere, env={"LC_ALL": "C", "TZ": "Asia/Tokyo"})
    assert (done.returncode, done.stdout, done.stderr) == (DONE, bundle, b"")
    assert os.listdir(elsewhere) == ["c"]


def test_options_change_it(two):
    images, _, _, bundle = two
    words = ["bundle", "create", "-o", "-", *OPTIONS, "system=system.old:system.new",
             "vendor=vendor.old:vendor.new"]
    for more in ["--chunk-sectors=16"], ["--level", "1"], ["--board", "other"]:
        done = run(*words, *more, cwd=images.directory)
        assert done.returncode == DONE and done.stdout != bundle
        assert good("bundle", "verify", "-", stdin=done.stdout).count("sound") == 3


@pytest.mark.parametrize("chunk_sectors", [1, 8, 32, 128])
def test_chunk_sizes(images, chunk_sectors):
    old, new = images.pair("a", 1000, range(0, 7), chunk_sectors)
    good("bundle", "create", "-o", "b", "--version", "1", "--chunk-sectors", chunk_sectors,
         "a=a.old:a.new", cwd=images.directory)
    said = json.loads(good("bundle", "info", "--json", "b", cwd=images.directory))
    assert said["volumes"][0]["chunk_sectors"] == chunk_sectors
    assert said["volumes"][0]["store_bytes"] == len(model.kernel_store(old, new, chunk_sectors))
    good("bundle", "verify", "b", cwd=images.directory)


def test_eight_volumes(images):
    words = []
    for i in range(8):
        images.pair(f"v{i}", 8 * (i + 1), [0])
        words.append(f"v{i}=v{i}.old:v{i}.new")
    good("bundle", "create", "-o", "b", "--version", "1", *words, cwd=images.directory)
    assert good("bundle", "verify", "b", cwd=images.directory).count("sound") == 9


# ---- Nothing to do, and nothing made -----------------------------------------------------------

def test_nothing_changed(images):
    images.pair("a", 800)
    images.pair("b", 8)
    bad("bundle", "create", "-o", "o", "--version", "1", "a=a.old:a.new", "b=b.old:b.new",
        cwd=images.directory, code=NOTHING, says="no bundle made: NEW is OLD, byte for byte")
    assert "o" not in os.listdir(images.directory)


def test_one_of_two_changed(images):
    images.pair("a", 800)
    images.pair("b", 8, [0])
    good("bundle", "create", "-o", "o", "--version", "1", "a=a.old:a.new", "b=b.old:b.new",
         cwd=images.directory)
    assert good("bundle", "verify", "o", cwd=images.directory).startswith(
        "a: 0 exceptions in 0 runs, sound\n")


@pytest.mark.parametrize("old_bytes, new_bytes, says", [
    (0, 0, "NEW is empty"),
    (4096, 0, "NEW is empty"),
    (0, 4096, "OLD is empty"),
])
def test_empty_images(images, old_bytes, new_bytes, says):
    images.file("OLD", bytes(old_bytes))
    images.file("NEW", b"\1" * new_bytes)
    bad("bundle", "create", "-o", "b", "--version", "1", "system=OLD:NEW", cwd=images.directory,
        says=f"cannot compare images: {says}")
    assert sorted(os.listdir(images.directory)) == ["NEW", "OLD"]


@pytest.mark.parametrize("old_bytes, new_bytes", [
    (40000, 70001), (70001, 40000), (70001, 70001), (8192, 12288), (12288, 8192), (1, 511)])
def test_images_of_any_size(images, old_bytes, new_bytes):
    data = images.noise(max(old_bytes, new_bytes))
    old, new = data[:old_bytes], bytes([data[0] ^ 1]) + data[1:new_bytes]
    images.file("OLD", old)
    images.file("NEW", new)
    # NEW's chunks that are not wholly in OLD, and the first one.
    changed = 1 + sum(min(at + 4096, new_bytes) > old_bytes for at in range(4096, new_bytes, 4096))
    said = good("bundle", "create", "-o", "b", "--version", "1", "a=OLD:NEW", cwd=images.directory)
    grows = f"a: grows from {old_bytes} to {new_bytes} bytes, which the board's partition must have\n"
    assert (grows in said) == (new_bytes > old_bytes)
    text = good("bundle", "info", "b", cwd=images.directory)
    assert "bundle     format 3, " in text
    shown = f"  image    {new_bytes} bytes"
    assert (shown + (f", the old one {old_bytes}\n" if old_bytes != new_bytes else "\n")) in text
    volume = json.loads(good("bundle", "info", "--json", "b", cwd=images.directory))["volumes"][0]
    assert (volume["image_bytes"], volume["old_bytes"]) == (new_bytes, old_bytes)
    assert (volume["old_blake2b"], volume["new_blake2b"]) == (b2(old), b2(new))
    assert volume["exceptions"] == changed
    assert good("bundle", "verify", "b", cwd=images.directory).startswith(f"a: {changed} exceptions")


def test_what_is_cut_off_is_nothing_new(images):
    data = images.noise(9000)
    images.file("OLD", data)
    images.file("NEW", data[:8500])
    bad("bundle", "create", "-o", "o", "--version", "1", "a=OLD:NEW", cwd=images.directory,
        code=NOTHING, says="no bundle made: NEW is the beginning of OLD, byte for byte")


def test_bad_places(images):
    images.pair("a", 8, [0])
    where = images.directory
    create = ["bundle", "create", "--version", "1", "a=a.old:a.new", "-o"]
    bad(*create, "no/b", cwd=where,
        says="cannot create no/b: cannot write no/b: No such file or directory")
    bad(*create, ".", cwd=where,
        says="cannot create .: cannot write .: it is there, and no regular file; "
        "use - and redirect")
    bad("bundle", "create", "--version", "1", "a=a.old:none", "-o", "b", cwd=where,
        says="cannot open none: No such file or directory")
    bad("bundle", "create", "--version", "1", "a=-:a.new", "-o", "b", cwd=where,
        says="cannot read an image from standard input: it is read more than once; give a file")
    usage(*create, "b", "a=a.old:a.new", cwd=where, says="volume a is given twice",
          see="cowboot bundle --help")
    assert sorted(os.listdir(where)) == ["a.new", "a.old"]
    for verb in "info", "verify":
        what = "read" if verb == "info" else "verify"
        bad("bundle", verb, "none", cwd=where,
            says=f"cannot {what} none: cannot open it: No such file or directory")
        bad("bundle", verb, ".", cwd=where, says=f"cannot {what} .: cannot read it: Is a directory")


# ---- Damage ------------------------------------------------------------------------------------

def unsound(bundle, says):
    bad("bundle", "verify", "-", stdin=bundle, says=f"cannot verify standard input: {says}")


def test_truncated(two):
    _, _, _, bundle = two
    head, second = parts(bundle)
    for at in 0, 1, 63, 64, 65, head - 1:
        unsound(bundle[:at], f"truncated at byte {at}")
    for at in head, head + 1, second - 1, second, second + 1, len(bundle) - 1:
        unsound(bundle[:at], f"truncated at byte {at} of {len(bundle)}")


def test_padded(two):
    _, _, _, bundle = two
    for more in b"\0", b"x" * 5000, bundle:
        unsound(bundle + more, f"padded: it ends at byte {len(bundle)}, and more follows")


def test_not_a_bundle(two):
    images, system, _, bundle = two
    unsound(system[0], "it is no bundle")
    unsound(model.kernel_store(*system, 8), "it is no bundle")
    unsound(b"COWBNDL2" + bundle[8:], "it is no bundle")
    unsound(bundle[:8] + struct.pack("<I", 8) + bundle[12:],
            "its format is 8, this cowboot reads 1 to 7")
    unsound(bundle[:8] + struct.pack("<I", 4) + bundle[12:],
            "its header is damaged: signatures of 0 bytes")
    unsound(bundle[:8] + struct.pack("<I", 2) + bundle[12:],
            "its header and its manifest are of different formats")
    unsound(bundle[:16] + struct.pack("<I", 64) + bundle[20:],
            "it says it is signed, and format 1 has no signatures")


def flipped(bundle, at, bit):
    changed = bytearray(bundle)
    changed[at] ^= 1 << bit
    return bytes(changed)


def test_every_bit_of_the_header(two):
    _, _, _, bundle = two
    head, _ = parts(bundle)
    for at in range(0, HEADER_BYTES):
        for bit in 0, 3, 7:
            done = run("bundle", "info", "-", stdin=flipped(bundle, at, bit)[:head + 200])
            assert (done.returncode, done.stdout) == (FAILED, b""), (at, bit)
            assert done.stderr.startswith(b"cowboot: cannot read standard input: ")


def test_a_bit_of_every_manifest_line(two):
    _, _, _, bundle = two
    head, _ = parts(bundle)
    at = HEADER_BYTES
    for line in bundle[HEADER_BYTES:head].splitlines(keepends=True):
        for offset in 0, len(line) // 2, len(line) - 1:
            unsound(flipped(bundle, at + offset, 0), "its manifest is damaged")
        at += len(line)


def test_a_bit_anywhere_in_a_payload(two):
    _, _, _, bundle = two
    head, second = parts(bundle)
    for volume, begin, end in ("system", head, second), ("vendor", second, len(bundle)):
        places = [begin, begin + 4, begin + 5, begin + 7, end - 5, end - 4, end - 1]
        places += range(begin, end, 1 + (end - begin) // 40)
        for at in places:
            done = run("bundle", "verify", "-", stdin=flipped(bundle, at, at % 8))
            assert (done.returncode, done.stdout) == (FAILED, b""), at
            assert done.stderr.decode().startswith(
                f"cowboot: cannot verify standard input: the payload of volume {volume} is "
                "damaged: "), at


def forge(bundle, change):
    """A bundle whose manifest was changed and is signed off by its digest again."""
    head, _ = parts(bundle)
    text = change(bundle[HEADER_BYTES:head].decode()).encode()
    digest = hashlib.blake2b(text, digest_size=32).digest()
    return (bundle[:12] + struct.pack("<I", len(text)) + bundle[16:32] + digest + text
            + bundle[head:])


def test_manifests_that_lie(two):
    _, _, _, bundle = two

    def lie(old, new, says):
        unsound(forge(bundle, lambda text: text.replace(old, new, 1)), says)

    assert forge(bundle, lambda text: text) == bundle
    lie("format 1", "format 2", "its manifest is wrong in line 5 (boot-bytes)")
    lie("format 1", "format 3", "its manifest is not written as its format has it")
    lie("format 1", "format 4", "its manifest is wrong in line 11 (payload-chain)")
    lie("format 1", "format 6", "its manifest is wrong in line 5 (release)")
    lie("format 1", "format 8", "its manifest is wrong in line 1 (format)")
    lie("volume vendor", "volume system", "its manifest names volume system twice")
    lie("volume vendor", "volume Vendor", "its manifest is wrong in line 14 (volume)")
    lie("image-bytes 512512", "image-bytes 512513",
        "its manifest is not written as its format has it")
    lie("exceptions 6", "exceptions 5", "its manifest contradicts itself about volume system")
    lie("chunk-sectors 8", "chunk-sectors 9", "its manifest contradicts itself about volume system")
    lie("version-to 12.2", "version-to 12.2 # yes",
        "its manifest is not written as its format has it")
    lie("exceptions 6", "exceptions 06", "its manifest is not written as its format has it")
    lie("board qemu-virt\n", "board qemu-virt\nsecret 1\n",
        "its manifest is wrong in line 3 (version-to)")
    lie(f"store-bytes {model.store_bytes(8, 6)}", "store-bytes 18446744073709551615",
        "its manifest contradicts itself about volume system")
    # Consistent, and not what the payload is.
    fewer = [("exceptions 6", "exceptions 5"),
             (f"store-bytes {model.store_bytes(8, 6)}", f"store-bytes {model.store_bytes(8, 5)}")]

    def both(text):
        for old, new in fewer:
            text = text.replace(old, new, 1)
        return text

    unsound(forge(bundle, both), "the payload of volume system is damaged: it unpacks to too much")
    unsound(forge(bundle, lambda text: text.replace("image-bytes 2048000", "image-bytes 1024000")),
            "the store of volume system: exception 5: old chunk 499 lies outside the origin")


def test_install_refuses_first_what_is_no_bundle(two, tmp_path):
    """On a machine that is no board nothing gets as far as a bundle; it says so in one line."""
    images, _, _, _ = two
    done = run("--config", tmp_path / "none.conf", "install", images.directory / "b")
    assert done.returncode == FAILED
    assert done.stderr.startswith(b"cowboot: cannot ") and done.stderr.count(b"\n") == 1
