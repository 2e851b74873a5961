# SPDX-License-Identifier: MIT
"""The host's part of the demo: where things are, what was found out so far, bundles."""
import fcntl
import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

from demo_tell import Work, check, differ, mb, say

TOP = Path(__file__).resolve().parent.parent
BUILD = TOP / "build"
DEBIAN, HOME, COWBOOT = BUILD / "debian", BUILD / "demo", BUILD / "host/cowboot"
CHUNK_SECTORS, TRIES = 8, 3
VERSIONS = {"old": "12.0", "new": "12.1", "broken": "12.2"}


class Story:
    """What is found out on the way: digests of the images, facts of the bundles, times."""

    def __init__(self):
        self.digest, self.facts, self.bundle, self.packages = {}, {}, {}, {}
        self.secret = self.public = self.signed = None
        self.times, self.begun = [], time.monotonic()

    def took(self, what, seconds):
        self.times.append((what, seconds))
        return f"({seconds:.1f} s)"


def run(*argv):
    """Runs a command that must succeed; its output."""
    ended = subprocess.run([str(a) for a in argv], text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
    if ended.returncode:
        differ(" ".join(map(str, argv)), "exit code 0",
               f"{ended.returncode}: {ended.stderr.strip()}")
    return ended.stdout


def clear_home():
    """Empties build/demo, for this demo alone for as long as it lives."""
    HOME.mkdir(parents=True, exist_ok=True)
    clear_home.lock = open(HOME / "lock", "w")
    try:
        fcntl.flock(clear_home.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(f"qemu/demo: cannot use {HOME}: another demo is at work there; wait for it")
    for each in HOME.iterdir():
        if each.is_dir():
            shutil.rmtree(each)
        elif each.name != "lock":
            each.unlink()


def make_debian(story):
    """Debian's images: mkroot makes those that are missing or old, and says what it does."""
    if os.geteuid() and not shutil.which("sudo"):
        sys.exit("qemu/demo: cannot make Debian's images: that needs root (mmdebstrap, loop "
                 "mounts), or sudo")
    fresh, said = not (DEBIAN / "base/key").exists(), []
    with Work("Debian 12 for arm64: old, new and broken") as work:
        with subprocess.Popen([TOP / "qemu/debian/mkroot"], text=True, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE) as mkroot:
            for each in mkroot.stderr:
                said.append(each.replace("DEBIAN", "").strip())
                work.at(said[-1])
    if mkroot.returncode:
        differ("qemu/debian/mkroot", "exit code 0", f"{mkroot.returncode}: " + "; ".join(said[-20:]))
    how = "bootstrapped" if fresh else "made anew" if said else "made before"
    say(f"Debian 12 for arm64, {how}: build/debian/{{old,new,broken}}.img "
        f"{story.took('Debian images', work.seconds)}")


def make_keys():
    """The key pair that signs this demo's updates; the public one for the board's initramfs."""
    secret, keys = HOME / "demo.key", HOME / "overlay/etc/cowboot/keys"
    keys.mkdir(parents=True)
    run("minisign", "-G", "-W", "-s", secret, "-p", keys / "demo.pub")
    return secret, keys / "demo.pub"


def make_disk(story):
    """The board's disk: U-Boot's script, kernel and initramfs with the demo's key, an empty meta, the
    root, data."""
    disk, initramfs = HOME / "disk.img", HOME / "initramfs.img"
    with Work("making the board's disk") as work:
        run(TOP / "initramfs/mkinitramfs", "-o", initramfs, "--overlay", HOME / "overlay")
        run(TOP / "qemu/mkdisk", "-o", disk, "--system", DEBIAN / "old.img", "--initramfs", initramfs)
    say(f"the board's disk, by genimage: boot_a, boot_b, meta, system, data: "
        f"{mb(disk.stat().st_size)} {story.took('disk image', work.seconds)}")
    return disk


def packages_of(name):
    """{package: version} of a system, from its tree on the host."""
    return parse_packages(run("dpkg-query", "--admindir", DEBIAN / name / "usr/lib/sysimage/dpkg",
                              "-W", "-f", "${Package} ${Version}\\n"))


def parse_packages(text):
    return dict(each.split() for each in text.splitlines())


def make_bundle(story, old, new):
    """Makes and verifies the bundle that leads from one image to the other."""
    out = HOME / f"{new}.bundle"
    images = {name: DEBIAN / f"{name}.img" for name in (old, new)}
    with Work(f"comparing {old}.img with {new}.img") as work:
        run(COWBOOT, "bundle", "create", "-o", out, "--from", VERSIONS[old], "--version",
            VERSIONS[new], "--board", "qemu-virt", "--chunk-sectors", CHUNK_SECTORS,
            "--key", story.secret, "--delta", f"system={images[old]}:{images[new]}")
        work.at("the same without --delta, to compare")
        plain = HOME / "plain.bundle"
        run(COWBOOT, "bundle", "create", "-o", plain, "--version", VERSIONS[new],
            "--chunk-sectors", CHUNK_SECTORS, f"system={images[old]}:{images[new]}")
        plain_bytes = plain.stat().st_size
        plain.unlink()
        sound = run(COWBOOT, "bundle", "verify", "--key", story.public, out)
    seconds = story.took(f"bundle {VERSIONS[old]} -> {VERSIONS[new]}", work.seconds)
    facts = json.loads(run(COWBOOT, "bundle", "info", "--json", out))["volumes"][0]
    check("the old image's digest in the bundle", story.digest[old], facts["old_blake2b"])
    check("the new image's digest in the bundle", story.digest[new], facts["new_blake2b"])
    signed = re.match("signed by ([0-9A-F]{16}): (.*)\n", sound)
    if not signed:
        differ("who has signed it", "the demo's key", sound)
    story.signed = f"signed by {signed.group(1)}: {signed.group(2)}"
    found = re.search(r"(\d+) exceptions in (\d+) runs?, sound", sound)
    check("the exceptions that bundle verify counts", str(facts["exceptions"]),
          found.group(1) if found else sound)
    facts["runs"], facts["bundle_bytes"] = int(found.group(2)), out.stat().st_size
    facts["plain_bytes"] = plain_bytes
    story.facts[new], story.bundle[new] = facts, out
    say(f"cowboot bundle create {VERSIONS[old]} -> {VERSIONS[new]}: {mb(facts['bundle_bytes'])}. "
        f"{facts['exceptions']} of {facts['image_bytes'] // 4096} chunks differ, in "
        f"{facts['runs']} runs; with the chunks as they are it would be {mb(plain_bytes)} {seconds}")
    say(f"cowboot bundle verify: {story.signed}; sound")


def make_forgery(story, name):
    """A bundle with another key's signature in the place of the demo's."""
    manifest, other, forged = HOME / "manifest", HOME / "other.key", HOME / "forged.bundle"
    run("minisign", "-G", "-W", "-s", other, "-p", HOME / "other.pub")
    run(COWBOOT, "bundle", "manifest", "-o", manifest, story.bundle[name])
    run("minisign", "-S", "-s", other, "-m", manifest)
    data, signature = story.bundle[name].read_bytes(), (HOME / "manifest.minisig").read_bytes()
    manifest_bytes, signature_bytes = struct.unpack_from("<2I", data, 12)
    end = 64 + manifest_bytes
    signed = data[64:end] + signature
    forged.write_bytes(data[:16] + struct.pack("<I", len(signature)) + data[20:32] +
                       hashlib.blake2b(signed, digest_size=32).digest() + signed + data[end + signature_bytes:])
    return forged
