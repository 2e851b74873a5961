# SPDX-License-Identifier: MIT
"""Signed bundles: made and signed here, checked by minisign; signed by minisign, checked here. What was not
signed by those who have to is refused, and so is every bit that flips."""

import base64
import hashlib
import json
import os
import pathlib
import pty
import struct
import subprocess

import pytest

from cowboot import PROGRAM, bad, good, run, usage

KEYS = pathlib.Path("tests/golden/minisign").resolve()
ONE, TWO = "36E3127FFF7DE29F", "4DBBB0538C5D20A9"
OPTIONS = ["--version", "12.2", "--board", "qemu-virt"]
COMMENT = "cowboot bundle version:12.2 board:qemu-virt"
BLOCK = 131072


def key(name):
    return ["--key", KEYS / f"{name}.key"]


def pub(name):
    return ["--key", KEYS / f"{name}.pub"]


def minisign(*args, cwd=None, stdin=None):
    return subprocess.run(["minisign", *map(str, args)], cwd=cwd, input=stdin, capture_output=True,
                          text=True, timeout=60, check=True).stdout


@pytest.fixture
def home(images):
    """A bundle of one changed volume, without a signature: u; what it changes fills several blocks."""
    images.pair("system", 1000, range(100))
    good("bundle", "create", "-o", "u", *OPTIONS, "system=system.old:system.new", cwd=images.directory)
    return images.directory


def parts(bundle):
    """Manifest, signatures, and where the payloads begin."""
    assert bundle[:8] == b"COWBNDL1"
    form, m, s = struct.unpack_from("<3I", bundle, 8)
    assert form == 4 and bundle[20:32] == bytes(12)
    assert bundle[32:64] == hashlib.blake2b(bundle[64:64 + m + s], digest_size=32).digest()
    return bundle[64:64 + m], bundle[64 + m:64 + m + s], 64 + m + s


def test_minisign_checks_what_is_signed_here(home):
    good("bundle", "sign", *key("one"), "-o", "b", "u", cwd=home)
    manifest, signature, _ = parts((home / "b").read_bytes())
    (home / "m").write_bytes(manifest)
    (home / "m.minisig").write_bytes(signature)
    said = minisign("-V", "-p", KEYS / "one.pub", "-m", "m", cwd=home)
    assert f"Trusted comment: {COMMENT}\n" in said
    # What minisign would sign is what `bundle manifest' gives, of a bundle that is signed and of one that is not.
    for name in ("b", "u"):
        good("bundle", "manifest", "-o", "out", name, cwd=home)
        assert (home / "out").read_bytes() == manifest


def test_signed_apart_by_minisign(home):
    good("bundle", "manifest", "-o", "m", "u", cwd=home)
    minisign("-S", "-s", KEYS / "two.key", "-m", "m", "-t", "by hand", cwd=home)
    good("bundle", "attach", "-o", "b", "u", "m.minisig", *pub("two"), cwd=home)
    said = good("bundle", "verify", *pub("two"), "b", cwd=home)
    assert said.startswith(f"signed by {TWO}: by hand\nsystem: 100 exceptions in 1 runs, sound\n")
    bad("bundle", "attach", "-o", "c", "b", "m.minisig", cwd=home,
        says=f"cannot attach to b: m.minisig: key {TWO} has signed it already")
    bad("bundle", "attach", *pub("one"), "-o", "c", "u", "m.minisig", cwd=home,
        says="cannot attach to u: signatures by 1 known key are needed, and it has 0; 1 is by keys that are "
             "not known here")
    bad("bundle", "attach", "-o", "c", "u", "m", cwd=home,
        says="cannot attach to u: m: it holds no signature of minisign")
    assert not (home / "c").exists()


def test_legacy_signatures_are_refused(home):
    good("bundle", "manifest", "-o", "m", "u", cwd=home)
    minisign("-S", "-l", "-s", KEYS / "two.key", "-m", "m", cwd=home)
    bad("bundle", "attach", "-o", "b", "u", "m.minisig", cwd=home,
        says="cannot attach to u: m.minisig: a signature is of minisign's legacy kind; sign without -l")


def with_password(name, password):
    """A secret key as minisign writes it with a password, but one that is tried in no time: its own take a
    gigabyte and some seconds."""
    data = base64.b64decode((KEYS / f"{name}.key").read_text().splitlines()[1])
    hidden = data[54:126] + hashlib.blake2b(data[:2] + data[54:126], digest_size=32).digest()
    salt = bytes(range(32))
    cover = hashlib.scrypt(password, salt=salt, n=1024, r=8, p=1, dklen=len(hidden))
    data = data[:2] + b"Sc" + data[4:6] + salt + struct.pack("<2Q", 32768, 1 << 24) + bytes(
        a ^ b for a, b in zip(hidden, cover))
    return f"untrusted comment: with a password\n{base64.b64encode(data).decode()}\n"


def test_a_password(home):
    """It is asked for; minisign takes the same key."""
    (home / "k.key").write_text(with_password("one", b"secret"))
    minisign("-S", "-s", "k.key", "-m", "u", cwd=home, stdin="secret\n")
    minisign("-V", "-p", KEYS / "one.pub", "-m", "u", cwd=home)
    done = run("bundle", "sign", "--key", "k.key", "-o", "b", "u", cwd=home, stdin=b"secret\n")
    assert done.returncode == 0, done.stderr
    good("bundle", "verify", *pub("one"), "b", cwd=home)
    # Standard output may be the bundle, and standard input too: the password is its first line.
    done = run("bundle", "sign", "--key", "k.key", "-o", "-", "-", cwd=home,
               stdin=b"secret\n" + (home / "u").read_bytes())
    assert (done.stderr, done.stdout) == (b"", (home / "b").read_bytes())
    bad("bundle", "sign", "--key", "k.key", "-o", "c", "u", cwd=home, stdin=b"Secret\n",
        says="cannot sign with k.key: the password is wrong")
    bad("bundle", "sign", "--key", "k.key", "-o", "c", "u", cwd=home,
        says="cannot sign with k.key: there is no password")
    master, slave = pty.openpty()
    child = subprocess.Popen([pathlib.Path(PROGRAM).resolve(), "bundle", "sign", "--key", "k.key", "-o", "d", "u"],
                             cwd=home, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    said = b""
    while b"password of k.key: " not in said:
        said += os.read(master, 100)
    os.write(master, b"secret\n")
    assert child.wait(60) == 0
    assert (home / "d").read_bytes() == (home / "b").read_bytes()


def test_what_is_no_secret_key(home):
    for name, text in (("public", (KEYS / "one.pub").read_text()), ("empty", ""), ("cut", with_password(
            "one", b"x")[:-20]), ("long", "untrusted comment: " + 3000 * "x")):
        (home / name).write_text(text)
        bad("bundle", "sign", "--key", name, "-o", "c", "u", cwd=home,
            says=f"cannot sign with {name}: it is no secret key of minisign")
    bad("bundle", "sign", "--key", "none", "-o", "c", "u", cwd=home,
        says="cannot sign with none: it cannot be read: No such file or directory")


def test_create_signs(home):
    """The same bytes as signing afterwards, and each time."""
    said = good("bundle", "create", "-o", "b", *OPTIONS, *key("one"), *key("three"),
                "system=system.old:system.new", cwd=home)
    assert f"signed by {ONE}\n" in said
    good("bundle", "sign", *key("one"), "-o", "once", "u", cwd=home)
    good("bundle", "sign", *key("three"), "-o", "twice", "once", cwd=home)
    assert (home / "b").read_bytes() == (home / "twice").read_bytes()
    bad("bundle", "sign", *key("one"), "-o", "c", "b", cwd=home,
        says=f"cannot sign b: key {ONE} has signed it already")
    good("bundle", "verify", *pub("one"), *pub("three"), "b", cwd=home)


def test_how_many(home):
    good("bundle", "sign", *key("one"), *key("two"), "-o", "b", "u", cwd=home)
    three = [*pub("one"), *pub("two"), *pub("three")]
    good("bundle", "verify", *three, "--signatures", "2", "b", cwd=home)
    good("bundle", "verify", *pub("two"), "b", cwd=home)
    bad("bundle", "verify", *three, "b", cwd=home,
        says="cannot verify b: signatures by 3 known keys are needed, and it has 2; 0 are by keys that are not "
             "known here")
    bad("bundle", "verify", *pub("three"), "b", cwd=home,
        says="cannot verify b: signatures by 1 known key are needed, and it has 0; 2 are by keys that are not "
             "known here")
    bad("bundle", "verify", *pub("one"), "u", cwd=home,
        says="cannot verify u: it is not signed, and 1 signature is needed")
    see = "cowboot bundle --help"
    usage("bundle", "verify", *pub("one"), "--signatures", "2", "b", cwd=home, see=see,
          says="--signatures '2' is no number from 1 to 1")
    usage("bundle", "verify", "--signatures", "1", "b", cwd=home, see=see, says="--signatures needs --key")
    bad("bundle", "verify", "--key", "u", "b", cwd=home, says="cannot use key u: it is no public key of minisign")
    bad("bundle", "verify", "--key", "none", "b", cwd=home, says="cannot read key none: No such file or directory")


def test_info(home):
    good("bundle", "sign", *key("one"), "-o", "b", "u", cwd=home)
    text = good("bundle", "info", "b", cwd=home)
    assert f"bundle     format 4, {(home / 'b').stat().st_size} bytes\n" in text
    assert f"signature  {ONE}, not checked: {COMMENT}\n" in text
    said = json.loads(good("bundle", "info", "--json", "b", cwd=home))
    assert said["format"] == 4
    assert said["signatures"] == [{"key_id": ONE, "trusted_comment": COMMENT}]
    assert "payload_chain" in said["volumes"][0] and "payload_blake2b" not in said["volumes"][0]


def test_blocks(home):
    """As docs/formats.md has it: each block has the digest of the next behind it."""
    plain = (home / "u").read_bytes()
    payload = plain[64 + struct.unpack_from("<I", plain, 12)[0]:]
    good("bundle", "sign", *key("one"), "-o", "b", "u", cwd=home)
    bundle = (home / "b").read_bytes()
    manifest, _, at = parts(bundle)
    lines = dict(line.split() for line in manifest.decode().splitlines())
    assert int(lines["payload-bytes"]) == len(payload) > 2 * BLOCK
    expect, found = lines["payload-chain"], b""
    while at < len(bundle):
        last = len(payload) - len(found) <= BLOCK
        block = bundle[at:at + (len(payload) - len(found) if last else BLOCK + 32)]
        assert hashlib.blake2b(block, digest_size=32).hexdigest() == expect
        found, expect = found + (block if last else block[:-32]), block[-32:].hex()
        at += len(block)
    assert found == payload


def test_damage(home):
    """Every byte of all that stands before the payloads, and some of those; cut and padded."""
    good("bundle", "sign", *key("one"), "-o", "b", "u", cwd=home)
    bundle = (home / "b").read_bytes()
    begin = parts(bundle)[2]
    places = [*range(0, begin, 7), *range(begin, len(bundle), 9973), len(bundle) - 1]
    for at in places:
        wrong = bytearray(bundle)
        wrong[at] ^= 1
        done = run("bundle", "verify", *pub("one"), "-", stdin=bytes(wrong))
        assert done.returncode == 1, at
    for size in (0, 63, 64, begin - 1, begin, begin + BLOCK, len(bundle) - 1):
        assert run("bundle", "verify", *pub("one"), "-", stdin=bundle[:size]).returncode == 1
    bad("bundle", "verify", *pub("one"), "-", stdin=bundle + b"x",
        says=f"cannot verify standard input: padded: it ends at byte {len(bundle)}, and more follows")


def test_damage_is_not_signed(home):
    """A bundle without a signature is looked through before it gets one."""
    bundle = (home / "u").read_bytes()
    for name, wrong in (("payload", bundle[:-1] + bytes([bundle[-1] ^ 1])), ("padded", bundle + b"x"),
                        ("cut", bundle[:-1]), ("head", bundle[:50]), ("manifest", bundle[:70] + b"x" + bundle[71:])):
        (home / name).write_bytes(wrong)
        done = run("bundle", "sign", *key("one"), "-o", "c", name, cwd=home)
        assert done.returncode == 1 and done.stderr.startswith(b"cowboot: cannot sign " + name.encode()), name
        assert not (home / "c").exists()
    bad("bundle", "sign", *key("one"), "-o", "c", "payload", cwd=home,
        says="cannot sign payload: a payload is damaged: its digest differs")


def test_output_is_not_the_input(home):
    bad("bundle", "sign", *key("one"), "-o", "u", "u", cwd=home,
        says="cannot sign u: cannot write u: it is u, which is read; give the output another name")


def test_with_a_boot_image(images):
    images.pair("system", 500, [3])
    images.file("boot", images.noise(300 * 1024))
    good("bundle", "create", "-o", "b", *OPTIONS, *key("one"), "--boot", "boot", "system=system.old:system.new",
         cwd=images.directory)
    said = good("bundle", "verify", *pub("one"), "b", cwd=images.directory)
    assert "boot: 307200 bytes, sound\n" in said
    good("bundle", "sign", *key("two"), "-o", "c", "b", cwd=images.directory)
    good("bundle", "verify", *pub("one"), *pub("two"), "c", cwd=images.directory)


def test_usage(home):
    see = "cowboot bundle --help"
    usage("bundle", "sign", "-o", "b", "u", see=see, says="bundle sign needs --key SECRET")
    usage("bundle", "sign", *key("one"), "u", see=see, says="bundle sign needs --key SECRET, -o OUT and one BUNDLE")
    usage("bundle", "attach", "-o", "b", "u", see=see, says="bundle attach needs -o OUT, BUNDLE and SIGNATURE")
    usage("bundle", "manifest", "u", see=see, says="bundle manifest needs -o OUT and one BUNDLE")
    usage("bundle", "manifest", *key("one"), "-o", "b", "u", see=see, says="unknown option '--key'")
    usage("bundle", "sign", "-o", "b", "u", "--key", see=see, says="--key needs a value")
    usage("bundle", "sign", *17 * key("one"), "-o", "b", "u", see=see, says="--key is given more than 16 times")
