# SPDX-License-Identifier: MIT
"""The pairs of images that bundles are measured with, made from the demo's two systems and from two of another
processor and release.  Each is made once, below build/bench/bundles."""

import os
import re
import shutil
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
DEBIAN = TOP / "build/debian"
OUT = TOP / "build/bench/bundles"
COWBOOT = Path(os.environ.get("COWBOOT_HOST", TOP / "build/host/cowboot")).resolve()
EPOCH = "1700000000"
UUID = "c0bb0070-0000-4000-8000-00000000053f"
ENV = dict(os.environ, SOURCE_DATE_EPOCH=EPOCH, E2FSPROGS_FAKE_TIME=EPOCH, LC_ALL="C.UTF-8", TZ="UTC",
           PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")

# The options that docs/bundles.md recommends or warns of, each as a pair of its own.
SQUASHFS = {"": [], " -comp zstd": ["-comp", "zstd"], " -comp xz": ["-comp", "xz"], " -b 16K": ["-b", "16K"],
            " -b 1M": ["-b", "1M"], " -no-fragments": ["-no-fragments"],
            " uncompressed": ["-noI", "-noD", "-noF", "-noX"]}
EROFS = {"": [], " -zlz4hc": ["-zlz4hc"], " -zlz4hc -C65536": ["-zlz4hc", "-C65536"]}


def run(*words, **more):
    subprocess.run([str(word) for word in words], check=True, env=ENV, stdout=subprocess.DEVNULL,
                   stdin=subprocess.DEVNULL, **more)


def ext4(tree, image, mib=700):
    """As the demo makes its first image."""
    image.unlink(missing_ok=True)
    run("mke2fs", "-q", "-F", "-t", "ext4", "-b", 4096, "-m", 0, "-L", "system", "-U", UUID,
        "-O", "^has_journal,^resize_inode", "-E", f"hash_seed={UUID},lazy_itable_init=0,nodiscard,root_owner=0:0",
        "-d", tree, image, f"{mib}M")


def demo(_):
    return DEBIAN / "old.img", DEBIAN / "new.img"


def scratch(where):
    for name in "old", "new":
        ext4(DEBIAN / name, where / f"{name}.img")


def one_file(where):
    """The old system with one library of the new one, 4.5 MB of code."""
    tree, path = where / "tree", "usr/lib/aarch64-linux-gnu/libcrypto.so.3"
    run("cp", "-al", DEBIAN / "old", tree)
    (tree / path).unlink()
    shutil.copy2(DEBIAN / "new" / path, tree / path)
    run(COWBOOT, "image", "update", DEBIAN / "old.img", tree, "-o", where / "new.img")
    shutil.rmtree(tree)
    return DEBIAN / "old.img", where / "new.img"


def squashfs(options):
    def make(where):
        for name in "old", "new":
            run("mksquashfs", DEBIAN / name, where / f"{name}.img", "-noappend", "-quiet", "-no-progress",
                "-processors", 2, *options)
    return make


def erofs(options):
    def make(where):
        for name in "old", "new":
            run("mkfs.erofs", "--quiet", "-T", EPOCH, "-U", UUID, *options, where / f"{name}.img", DEBIAN / name)
    return make


def packages(group):
    lines = (TOP / "qemu/debian/packages").read_text().splitlines()
    return [word for line in lines if line.startswith(group + "\t") for word in line.split()[1:]]


def settle(tree):
    """As mkroot does: nothing that differs for nothing."""
    for pattern in ("var/log/*.log", "var/log/apt", "var/cache/apt/*.bin", "var/cache/ldconfig", "var/lib/apt/lists/*",
                    "var/cache/debconf/*-old", "var/lib/dpkg/*-old", "run/*", "tmp/*"):
        for path in tree.glob(pattern):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    run("find", tree, "-newermt", f"@{EPOCH}", "-exec", "touch", "-h", "-d", f"@{EPOCH}", "{}", "+")


def other(where):
    """Debian 13 for amd64: its point release, and the same with what came since and one package more."""
    lines = subprocess.run([TOP / "configs/mirror", "trixie"], check=True, stdout=subprocess.PIPE,
                           text=True).stdout.splitlines(True)
    for name, suites, more in (("old", lines[:1], []), ("new", lines, packages("new"))):
        (where / "sources.list").write_text("".join(suites))
        run("mmdebstrap", "--mode=root", "--architectures=amd64", "--variant=apt", "--format=directory",
            "--include=" + ",".join(packages("old") + more), '--aptopt=APT::Install-Recommends "false"',
            *[f"--dpkgopt=path-exclude=/usr/share/{path}/*" for path in ("doc", "man", "locale", "info")],
            "--dpkgopt=force-unsafe-io", "trixie", where / name, where / "sources.list", stderr=subprocess.DEVNULL)
        settle(where / name)
        (where / name / "etc/apt/sources.list").write_text("")
    (where / "sources.list").unlink()
    ext4(where / "old", where / "old.img")
    run(COWBOOT, "image", "update", where / "old.img", where / "new", "-o", where / "new.img")


# name: what it is, and how it is made
PAIRS = {
    "demo": ("the images of `make demo`: Debian 12 for arm64, and the same with all security updates and one package more", demo),
    "scratch": ("the same two systems, each image made from scratch by `mke2fs -d`", scratch),
    "one-file": ("the demo's old image, with libcrypto.so.3 of the new one by `cowboot image update`", one_file),
    "squashfs": ("the same two systems by `mksquashfs`, without options", squashfs([])),
    "erofs": ("the same two systems by `mkfs.erofs`, without compression", erofs([])),
    "amd64": ("Debian 13 for amd64: the point release and what came since, by `cowboot image update`", other),
}
VARIANTS = {f"squashfs{words}": squashfs(options) for words, options in SQUASHFS.items() if words}
VARIANTS |= {f"erofs{words}": erofs(options) for words, options in EROFS.items() if words}


def trees(name):
    """The two folders of a pair that has them, for what goes file by file."""
    if name == "amd64":
        return OUT / name / "old", OUT / name / "new"
    return (DEBIAN / "old", DEBIAN / "new") if name in ("demo", "scratch") else None


def folder(name):
    return OUT / re.sub(r"[^a-z0-9]+", "-", name.lower())


def images(name, make):
    """Old and new image of a pair, made if they are not there."""
    where = folder(name)
    done = where / "done"
    if not done.exists() and make is not demo:
        shutil.rmtree(where, ignore_errors=True)
        where.mkdir(parents=True)
    pair = make(where) if make is demo or not done.exists() else None
    if make is demo:
        return pair
    done.touch()
    old = where / "old.img"
    return old if old.exists() else DEBIAN / "old.img", where / "new.img"
