# SPDX-License-Identifier: MIT
"""Images of the tiny test root: OLD from a tree, NEW as OLD with blocks of its files rewritten.

Nothing in an image is compressed, and every block of /usr/share/content begins with a marker: so a
variant finds the blocks of any of the three file systems by their bytes, rewrites what lies behind
the markers, and knows exactly which chunks differ. Same arguments, same bytes.
"""
import hashlib
import os
import random
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import arch

BLOCK = 4096
MARK = b"cowboot-block-%08d\n"
MARKS = re.compile(rb"cowboot-block-(\d{8})\n")
NOISE_BYTES = BLOCK - len(MARK % 0)
VERSION = re.compile(rb"version \S+\nbehave \S+ +\n")
VERSION_BYTES = 256
EPOCH = 1700000000
UUID = "c0bb0070-0000-4000-8000-000000000001"
DIRECTORIES = "bin sbin etc dev proc sys run tmp data vendor usr/share usr/sbin"


def _tool(*argv, **more):
    env = os.environ | {"SOURCE_DATE_EPOCH": str(EPOCH), "E2FSPROGS_FAKE_TIME": str(EPOCH),
                        "TZ": "UTC", "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    argv = [str(a) for a in argv]
    run = subprocess.run(argv, env=env, text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, **more)
    if run.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {run.stdout}")


# ---- a tree -------------------------------------------------------------------------------------

def programs(build):
    """What a tiny root holds, by its place in the image, from a build tree; compiles tiny/init
    when it is out of date."""
    build, here = Path(build), Path(__file__).resolve().parent
    init, sources = build / "tiny/init", sorted(here.glob("*.[ch]"))
    if not init.exists() or any(s.stat().st_mtime > init.stat().st_mtime for s in sources):
        init.parent.mkdir(parents=True, exist_ok=True)
        new = init.with_name(f"init.{os.getpid()}")
        _tool(build / arch.of("arch") / "musl-gcc", *"-std=c11 -Os -Wall -Wextra -Werror".split(),
              *"-s -Wl,--build-id=none -o".split(), new, *(s for s in sources if s.suffix == ".c"))
        new.replace(init)
    return {"sbin/init": init, "bin/toybox": build / arch.of("arch") / "toybox",
            "usr/sbin/cowboot": build / arch.of("arch") / "cowboot"}


def version_text(version, behave):
    """What /etc/version holds: read by tiny/init.c, found and replaced by variant()."""
    text = f"version {version}\nbehave {behave}".encode()
    return text.ljust(VERSION_BYTES - 1) + b"\n"


def _noise(seed, index):
    """A content block behind its marker: reproducible, incompressible."""
    return hashlib.shake_128(f"{seed}/{index}".encode()).digest(NOISE_BYTES)


def _settle(path):
    """Modes and dates that do not depend on who made the tree, and when."""
    if not path.is_symlink():
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    os.utime(path, (EPOCH, EPOCH), follow_symlinks=False)


def make_tree(root, *, programs, version, behave="ok", content_blocks=1024, changed=()):
    """Fills the directory root. programs maps paths in the image to files of the host; the content
    blocks in changed are this version's own."""
    for name in DIRECTORIES.split():
        (root / name).mkdir(parents=True)
    for where, source in programs.items():
        (root / where).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, root / where)
        (root / where).chmod(0o755)
    if "bin/toybox" in programs:
        for name in Path(f"{programs['bin/toybox']}.commands").read_text().split():
            (root / "bin" / name).symlink_to("toybox")
    # What init booted with, overrides and all.
    (root / "etc/cowboot.conf").symlink_to("/run/cowboot/cowboot.conf")
    (root / "etc/version").write_bytes(version_text(version, behave))
    with open(root / "usr/share/content", "wb") as f:
        for i in range(content_blocks):
            f.write(MARK % i + _noise(version if i in changed else "old", i))
    for path in sorted(root.rglob("*"), reverse=True):
        _settle(path)
    _settle(root)


# ---- an image -----------------------------------------------------------------------------------

def _debugfs(out, *commands):
    _tool("debugfs", "-w", "-f", "-", out, input="".join(f"{c}\n" for c in commands))


def _ext4_counters(out):
    """The superblock counts other free blocks than its groups do."""
    _debugfs(out, "ssv free_blocks_count 17", "ssv free_inodes_count 17")


# How ext4 is made: mke2fs's options, and what happens to the image then.
EXT4 = {"ext4": ("-m 0 -O ^has_journal,^resize_inode", None), "ext4-defaults": ("", None),
        "ext4-32bit": ("-O ^64bit", None), "ext4-without-sums": ("-O ^metadata_csum", None),
        "ext4-counters": ("", _ext4_counters)}


def _make_ext4(root, out, size_bytes, fs):
    options, more = EXT4[fs]
    out.touch()
    os.truncate(out, size_bytes)
    _tool(*"mke2fs -q -F -t ext4".split(), *options.split(), "-b", BLOCK,
          "-U", UUID, "-E", f"hash_seed={UUID},root_owner=0:0,lazy_itable_init=0", "-d", root, out)
    names = [p.relative_to(root) for p in sorted(root.rglob("*"))]
    _debugfs(out, *(f"sif /{n} {id} 0" for n in names for id in ("uid", "gid")))
    if more:
        more(out)


# As their tools make them: as long as they like, and packed.
PACKED = {"squashfs-zstd": "mksquashfs {root} {out} -quiet -no-progress -all-root -comp zstd -nopad",
          "erofs-lz4hc": f"mkfs.erofs --quiet -zlz4hc -x-1 --all-root -T{EPOCH} -U{UUID} {{out}} {{root}}"}
# Into a file of that size, from a directory; the user who makes them owns what is in them.
FILLED = {"btrfs": [f"mkfs.btrfs -q -m single -d single -U {UUID} -r {{root}} {{out}}"],
          "f2fs": ["mkfs.f2fs -q -f {out}", f"sload.f2fs -T {EPOCH} -f {{root}} {{out}}"]}


def make_fs(root, out, fs, size_bytes):
    """Packs the tree into an image of exactly size_bytes, all files root's; as long as it comes out
    for a kind in PACKED."""
    out.unlink(missing_ok=True)
    if fs in EXT4:
        _make_ext4(root, out, size_bytes, fs)
    elif fs in PACKED:
        _tool(*PACKED[fs].format(root=root, out=out).split())
        return
    elif fs in FILLED:
        out.touch()
        os.truncate(out, size_bytes)
        for command in FILLED[fs]:
            _tool(*command.format(root=root, out=out).split())
    elif fs == "squashfs":
        _tool("mksquashfs", root, out, *"-quiet -no-progress -all-root -noI -noD -noF -noX".split(),
              *"-no-fragments -no-xattrs -processors 1".split())
    elif fs == "erofs":
        _tool("mkfs.erofs", "--quiet", "-x-1", "--all-root", f"-T{EPOCH}", f"-U{UUID}", out, root)
    else:
        raise ValueError(fs)
    if out.stat().st_size > size_bytes:
        raise ValueError(f"the {fs} image needs {out.stat().st_size} bytes, not {size_bytes}")
    os.truncate(out, size_bytes)


def build(out, *, programs, fs="ext4", size_bytes=16 << 20, **tree):
    """Builds an image of a tiny root; with programs={} of a volume that is no root."""
    out = Path(out)
    with tempfile.TemporaryDirectory(dir=out.parent) as tmp:
        root = Path(tmp) / "root"
        make_tree(root, programs=programs, **tree)
        make_fs(root, out, fs, size_bytes)
    return out


# ---- variants of an image -----------------------------------------------------------------------

def pick(total, count, spread, seed=1):
    """Which of `total` content blocks to change: "run" is one run from the middle, "scattered" are
    single blocks, "runs" are runs of 8 apart from each other."""
    if spread == "run":
        first = (total - count) // 2
        return list(range(first, first + count))
    size = {"scattered": 1, "runs": 8}[spread]
    slots = random.Random(seed).sample(range(total // (size + 1)), -(-count // size))
    return sorted(s * (size + 1) + i for s in slots for i in range(size))[:count]


def variant(old, new, *, version="new", behave="ok", change=64, spread="runs", seed=1):
    """Writes NEW: OLD with `change` content blocks and /etc/version rewritten; returns how many
    4 KiB chunks differ (one more; on squashfs, whose blocks lie across two chunks, up to twice)."""
    was = Path(old).read_bytes()
    data = bytearray(was)
    at = next(m.start() for m in VERSION.finditer(was) if len(m.group()) == VERSION_BYTES)
    data[at:at + VERSION_BYTES] = version_text(version, behave)
    behind = {int(m.group(1)): m.end() for m in MARKS.finditer(was)}
    for block in pick(len(behind), change, spread, seed):
        at = behind[block]
        data[at:at + NOISE_BYTES] = _noise(f"{version}/{seed}", block)
    Path(new).write_bytes(data)
    return changed_chunks(was, data)


def changed_chunks(a, b, chunk_bytes=4096):
    """How many chunks differ between two images of one size."""
    assert len(a) == len(b)
    starts = range(0, len(a), chunk_bytes)
    return sum(a[at:at + chunk_bytes] != b[at:at + chunk_bytes] for at in starts)


def remove_init(image):
    """Takes /sbin/init out of an ext4 image: the root mounts, but has nothing to run."""
    _tool("debugfs", "-w", "-R", "unlink /sbin/init", image)


def replace_init(image, content):
    """Puts other bytes into the place of /sbin/init, as a program."""
    remove_init(image)
    with tempfile.NamedTemporaryFile() as f:
        f.write(content)
        f.flush()
        _tool("debugfs", "-w", "-R", f"write {f.name} /sbin/init", image)
    _tool("debugfs", "-w", "-R", "sif /sbin/init mode 0100755", image)


def link_mount_points(image):
    """Data and vendor lie below /mnt, and what stands in their place are links of both kinds."""
    _tool("debugfs", "-w", "-f", "-", image, input="rmdir /data\nrmdir /vendor\nmkdir /mnt\n"
          "mkdir /mnt/data\nmkdir /mnt/vendor\nsymlink /data /mnt/data\n"
          "symlink /vendor ../../mnt/vendor\n")


def destroy_superblock(image):
    """Makes an image nothing can mount: its first two blocks become noise."""
    with open(image, "r+b") as f:
        f.write((_noise("garbage", 0) + _noise("garbage", 1)).ljust(2 * BLOCK, b"x"))
