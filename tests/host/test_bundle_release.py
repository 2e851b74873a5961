# SPDX-License-Identifier: MIT
"""What puts bundles into an order: release and days, in a format that older readers refuse by its number."""

import hashlib
import json
import struct

import pytest

from cowboot import bad, good
from test_bundle_sign import ONE, key, pub

RELEASE = ["--release", "3.14", "--created", "2026-11-30", "--expires", "2027-05-31"]
LINES = "version-to 2\nrelease 3.14\ncreated 2026-11-30\nexpires 2027-05-31\nvolume system\n"


@pytest.fixture
def made(images):
    """A function that makes the bundle called so, with these options, and returns its bytes."""
    images.pair("system", 400, [3, 4, 30])

    def create(name, *options):
        said = good("bundle", "create", "-o", name, "--version", "2", *options, "system=system.old:system.new",
                    cwd=images.directory)
        return said, (images.directory / name).read_bytes()
    create.home = images.directory
    return create


def manifest_of(bundle):
    form, length = struct.unpack_from("<2I", bundle, 8)
    return form, bundle[64:64 + length].decode()


def test_lines_and_format(made):
    said, bundle = made("b", *RELEASE)
    assert "b: version 2, release 3.14, 1 volume\n" in said
    form, manifest = manifest_of(bundle)
    assert form == 6 and manifest.startswith("format 6\n" + LINES) and "\npayload-chain " in manifest
    assert made("c", *RELEASE)[1] == bundle
    _, alone = made("d", "--release", "0.1")
    assert "version-to 2\nrelease 0.1\nvolume system\n" in manifest_of(alone)[1]
    _, later = made("e", "--release", "4294967295.4294967295", "--delta")
    form, manifest = manifest_of(later)
    assert form == 6 and "\nrelease 4294967295.4294967295\n" in manifest


def test_shown(made):
    made("b", *RELEASE)
    assert "version    (not said) -> 2\nrelease    3.14\ncreated    2026-11-30\nexpires    2027-05-31\n" in good(
        "bundle", "info", "b", cwd=made.home)
    said = json.loads(good("bundle", "info", "--json", "b", cwd=made.home))
    assert (said["format"], said["release"], said["created"], said["expires"]) == (6, "3.14", "2026-11-30", "2027-05-31")
    assert "b: sound, version 2, release 3.14\n" in good("bundle", "verify", "b", cwd=made.home)


def test_signed_now_or_later(made):
    """The signature is of the same manifest, so it is the same."""
    _, signed = made("b", *RELEASE, *key("one"))
    made("u", *RELEASE)
    good("bundle", "sign", *key("one"), "-o", "s", "u", cwd=made.home)
    assert (made.home / "s").read_bytes() == signed
    assert manifest_of(signed)[0] == 6
    good("bundle", "verify", *pub("one"), "s", cwd=made.home)
    bad("bundle", "verify", *pub("one"), "u", cwd=made.home,
        says="cannot verify u: it is not signed, and 1 signature is needed")


def test_another_release_is_another_manifest(made):
    """A release that somebody has changed is not what was signed, whatever the header's digest says."""
    _, signed = made("b", *RELEASE, *key("one"))
    changed = signed.replace(b"\nrelease 3.14\n", b"\nrelease 3.15\n")
    assert changed != signed
    head_bytes = sum(struct.unpack_from("<2I", signed, 12))
    digest = hashlib.blake2b(changed[64:64 + head_bytes], digest_size=32).digest()
    (made.home / "c").write_bytes(changed[:32] + digest + changed[64:])
    bad("bundle", "verify", *pub("one"), "c", cwd=made.home,
        says=f"cannot verify c: the signature of key {ONE} is not one of this")
