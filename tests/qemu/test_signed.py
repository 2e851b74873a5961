# SPDX-License-Identifier: MIT
"""Boards that want signatures: what nobody has signed, or too few, is refused before it is looked into, by the
command and by the menu of recovery; a signed update brings the next set of keys."""
import struct
import subprocess
from pathlib import Path

import pytest

import artefacts
from board import image_digest
from menus import choose, make_stick, screen
from steps import store_files
from test_install import BUNDLE, Untouched, flip

KEYS = Path(__file__).resolve().parents[1] / "golden/minisign"
ONE, TWO = "36E3127FFF7DE29F", "4DBBB0538C5D20A9"
WANT_TWO = "require-signature yes\nsignatures 2\n"


def by(*names):
    """The options of `bundle create` that sign."""
    return [word for name in names for word in ("--key", str(KEYS / f"{name}.key"))]


def keys(*names):
    return {f"etc/cowboot/keys/{name}.pub": KEYS / f"{name}.pub" for name in names}


def few(count, unknown):
    return (f"signatures by 2 known keys are needed, and it has {count}; {unknown} "
            f"{'is' if unknown == 1 else 'are'} by keys that are not known here")


@pytest.fixture
def rotated(cache, images):
    """A system with keys of its own: two and three."""
    return artefacts.Images(cache, images.programs | keys("two", "three")).built("ext4", "new", size_mib=16)


def test_install_and_rotation(board, images, bundle, rotated):
    """The keys are the initramfs' first, then those that the update brings."""
    old = images.old()
    b = board(old, conf=WANT_TWO, files=keys("one", "two"), append="cowboot.require-signature=no", data_mib=96)
    untouched = Untouched(b, images)
    untouched.install(bundle(system=(old, rotated)).read_bytes(), "it is not signed, and 2 signatures are needed")
    for names, reason in ((("one",), few(1, 0)), (("three",), few(0, 1)), (("two", "three"), few(1, 1))):
        untouched.install(bundle(system=(old, rotated), args=by(*names)).read_bytes(), reason)
    signed = bundle(system=(old, rotated), args=by("one", "two"))
    good = signed.read_bytes()
    manifest_bytes, signature_bytes = struct.unpack_from("<2I", good, 12)
    begin = 64 + manifest_bytes + signature_bytes
    for at in (64, 64 + manifest_bytes - 2, 64 + manifest_bytes + 80, begin - 3):
        untouched.install(flip(good, at, 2), "its manifest or a signature is damaged")
    for at in (begin, begin + 1000, len(good) - 1):
        code, out = b.install(flip(good, at, 4))
        assert (code, out.splitlines()[-1]) == (
            1, f"{BUNDLE}the payload of volume system is damaged: its digest differs")
        untouched.check(staged=True)

    comment = "cowboot bundle version:new board:qemu-virt"
    code, out = b.install(signed)
    assert (code, out) == (4, f"cowboot: signed by {ONE}: {comment}\ncowboot: signed by {TWO}: {comment}\n"
                              "installed new: reboot to try it (3 tries)\n")
    assert b.reboot() == "new"
    b.run("cowboot mark-good --wait", check=True)

    # Now the system has its own set, and one is not in it any more.
    third = images.new(rotated, version="third", seed=5)
    assert b.install(bundle(version="third", system=(rotated, third), args=by("one", "two"))) == (
        1, f"{BUNDLE}{few(1, 1)}\n")
    assert b.status()["phase"] == "idle" and store_files(b) == []
    assert b.install(bundle(version="third", system=(rotated, third), args=by("two", "three")))[0] == 4


def test_a_board_without_keys(board, images, bundle):
    """It wants a signature, for nothing says otherwise, and says what is missing."""
    b = board(conf="# require-signature is not given\n")
    code, out = b.install(bundle(system=images.pair(), args=by("one")))
    assert code == 1 and out.startswith(f"{BUNDLE}this board wants 1 signature and has 0 public keys: put keys into ")
    assert b.status()["phase"] == "idle"


def test_recovery(board, images, bundle, tmp_path):
    """The menu asks for them too: of a bundle, and of an image, whose signature is beside it."""
    old, new = images.pair()
    factory = images.new(old, version="factory", seed=3)
    for name in ("a.img", "b.img"):
        (tmp_path / name).write_bytes(factory.read_bytes())
    (tmp_path / "a.img").write_bytes(flip(factory.read_bytes(), 5_000_000))
    for name in ("a.img", "b.img"):
        subprocess.run(["minisign", "-S", "-s", KEYS / "one.key", "-m", tmp_path / "b.img", "-t", "factory",
                        "-x", tmp_path / f"{name}.minisig"], check=True, stdout=subprocess.DEVNULL)
    files = {name: tmp_path / name for name in ("a.img", "a.img.minisig", "b.img", "b.img.minisig")}
    usb = make_stick(tmp_path / "stick.img", files | {
        "c.img": factory, "a.bundle": bundle(system=(old, new)), "b.bundle": bundle(system=(old, new), args=by("two"))},
        size_mib=96)
    b = board(old, conf="recovery menu\nrequire-signature yes\n", files=keys("one"), append="cowboot.recovery",
              usb=usb, boot=False)
    before = b.digests("system")
    b.start()
    screen(b)
    assert "cannot install a.bundle: it is not signed, and 1 signature is needed" in choose(b, "install", "1", "1")
    screen(b)
    assert "signatures by 1 known key are needed, and it has 0; 1 is by" in choose(b, "install", "1", "2")
    screen(b)
    out = choose(b, "image", "1", "3")
    assert "cannot take c.img: it is not signed: its signature would be a file" in out
    screen(b)
    assert f"cannot take a.img: the signature of key {ONE} is not one of this" in choose(b, "image", "1", "1")
    screen(b)
    assert b.digests("system") == before
    out = choose(b, "image", "1", "2", "image", timeout=180)
    assert f"signed by {ONE}: factory" in out and "system holds b.img now." in out
    screen(b)
    b.type("again\r")
    assert b.wait_up() == "factory"
    assert b.digest() == image_digest(factory)
