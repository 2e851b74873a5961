# SPDX-License-Identifier: MIT
"""What a pair of images is told by: cowboot's kinds of bundles, and what others have.  Each method gives the
bytes that travel; the commands' time and memory are added up on the way."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

from pairs import COWBOOT, ENV, trees

MIB = 1 << 20
BLOCK = 4096


class Meter:
    """CPU seconds of all commands together, and the most memory that one of them had."""

    def __init__(self):
        self.seconds, self.mib = 0.0, 0.0

    def run(self, *words, **more):
        """By time(1): a child of this program has this program's memory until it becomes another, and the kernel
        counts that."""
        with tempfile.NamedTemporaryFile() as told:
            subprocess.run(["/usr/bin/time", "-q", "-f", "%U %S %M", "-o", told.name, *[str(word) for word in words]],
                           env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, **more)
            user, system, kib = told.read().split()
        self.seconds += float(user) + float(system)
        self.mib = max(self.mib, int(kib) / 1024)


class Method:
    """make() gives the bytes that travel; unpack(), where there is one, is what the other side does."""

    def __init__(self, name, make, unpack=None, fits=lambda pair: True):
        self.name, self.make, self.unpack, self.fits = name, make, unpack, fits


class Pair:
    def __init__(self, name, old, new, scratch):
        self.name, self.old, self.new, self.scratch = name, old, new, scratch
        self.trees = trees(name)
        self.window = max(1 << 20, old.stat().st_size)

    def file(self, name):
        return self.scratch / name


# ---- cowboot -----------------------------------------------------------------------------------

def bundle(*options, result=False):
    def make(pair, meter):
        out, images = pair.file("bundle"), f"system={pair.old}:{pair.new}"
        meter.run(COWBOOT, "--progress", "none", "bundle", "create", "-o", out, "--version", "2", *options,
                  images + (f":{pair.file('result')}" if result else ""))
        return out.stat().st_size
    return make


def verify(pair, meter):
    meter.run(COWBOOT, "--progress", "none", "bundle", "verify", pair.file("bundle"))


def knows(option):
    text = subprocess.run([COWBOOT, "bundle", "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return f"[{option}]" in text


# ---- Others ------------------------------------------------------------------------------------

def xdelta3(pair, meter):
    out = pair.file("xdelta")
    meter.run("xdelta3", "-f", "-9", "-e", "-B", pair.window, "-s", pair.old, pair.new, out)
    return out.stat().st_size


def xdelta3_unpack(pair, meter):
    meter.run("xdelta3", "-f", "-d", "-B", pair.window, "-s", pair.old, pair.file("xdelta"), pair.file("got"))


def window_log(pair):
    return max(20, (max(pair.window, pair.new.stat().st_size) - 1).bit_length())


def zstd(pair, meter):
    out = pair.file("zst")
    meter.run("zstd", "-q", "-f", "-19", f"--long={window_log(pair)}", f"--patch-from={pair.old}", pair.new, "-o", out)
    return out.stat().st_size


def zstd_unpack(pair, meter):
    meter.run("zstd", "-q", "-f", "-d", f"--long={window_log(pair)}", f"--patch-from={pair.old}", pair.file("zst"), "-o",
              pair.file("got"))


def stem(path):
    """The same for a file that only has another version in its name."""
    return re.sub(r"\d+", "#", path)


def regular(tree):
    return {path.relative_to(tree).as_posix(): path for path in tree.rglob("*")
            if path.is_file() and not path.is_symlink()}


def bsdiff(pair, meter):
    """File by file, since of whole images it would take 17 times their size; new files by bzip2, as it packs."""
    out, total = pair.file("patch"), 0
    if not pair.trees:
        meter.run("bsdiff", pair.old, pair.new, out)
        return out.stat().st_size
    old, new = map(regular, pair.trees)
    renamed = {stem(path): old[path] for path in old if path not in new}
    for path, file in new.items():
        source = old.get(path) or renamed.get(stem(path))
        if source and source.read_bytes() == file.read_bytes():
            continue
        if source and file.stat().st_size:
            meter.run("bsdiff", source, file, out)
            total += out.stat().st_size
        elif file.stat().st_size:
            with open(out, "wb") as sink:
                child = subprocess.run(["bzip2", "-9c", file], stdout=sink, check=True)
            total += out.stat().st_size
            del child
    return total


def small(pair):
    return pair.trees or pair.old.stat().st_size < 120 * MIB


def chunks(store):
    return sum(path.stat().st_size for path in store.rglob("*.cacnk"))


def casync(pair, meter):
    """The chunks of the new image that the old one has not, and the index."""
    store = pair.file("store")
    Meter().run("casync", "make", f"--store={store}", pair.file("old.caibx"), pair.old, stderr=subprocess.DEVNULL)
    before = chunks(store)
    meter.run("casync", "make", f"--store={store}", pair.file("new.caibx"), pair.new, stderr=subprocess.DEVNULL)
    return chunks(store) - before + pair.file("new.caibx").stat().st_size


def casync_unpack(pair, meter):
    meter.run("casync", "extract", f"--store={pair.file('store')}", f"--seed={pair.old}", pair.file("new.caibx"),
              pair.file("got"), stderr=subprocess.DEVNULL)


def rauc(pair, meter):
    """A whole bundle with the index of its blocks; who has the old image fetches only some of it."""
    where, out = pair.file("rauc"), pair.file("raucb")
    where.mkdir()
    out.unlink(missing_ok=True)
    (where / "manifest.raucm").write_text(
        "[update]\ncompatible=board\nversion=2\n\n[bundle]\nformat=verity\n\n"
        "[image.rootfs]\nfilename=rootfs.img\nadaptive=block-hash-index\n")
    os.link(pair.new, where / "rootfs.img")
    key, cert = pair.file("key.pem"), pair.file("cert.pem")
    Meter().run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/O=board/CN=board", "-days", "9",
                "-keyout", key, "-out", cert, stderr=subprocess.DEVNULL)
    meter.run("rauc", f"--cert={cert}", f"--key={key}", "bundle", where, out, stderr=subprocess.DEVNULL)
    return out.stat().st_size


def blocks_not_in_old(pair):
    """How many different blocks of the new image lie nowhere in the old one: what RAUC's index spares not."""
    def blocks(image):
        with open(image, "rb") as file:
            while block := file.read(BLOCK):
                yield hash(block)
    return len(set(blocks(pair.new)) - set(blocks(pair.old)))


# What takes long comes last.
METHODS = [
    Method("plain", bundle(), verify),
    Method("plain, free blocks left out", bundle(result=True), verify, lambda pair: pair.name == "scratch"),
    Method("`--delta`", bundle("--delta"), verify),
    Method("`--full`", bundle("--full"), verify, lambda pair: knows("--full")),
    Method("`casync`, chunks to fetch", casync, casync_unpack),
    Method("RAUC, whole bundle", rauc),
    Method("`bsdiff`", bsdiff, fits=small),
    Method("`xdelta3 -9 -B` the whole image", xdelta3, xdelta3_unpack),
    Method("`zstd -19 --patch-from`", zstd, zstd_unpack),
]


def remove(scratch: Path):
    subprocess.run(["rm", "-rf", scratch], check=True)
