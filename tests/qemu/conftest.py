# SPDX-License-Identifier: MIT
"""Fixtures of the QEMU scenarios. A scenario reads:

    def test_merge(board, images, bundle):
        old, new = images.pair()                      # tiny roots: NEW is OLD with 64 content blocks changed
        b = board(system=old)                         # a board on a fresh disk, up and idle
        assert b.install(bundle(system=(old, new)))[0] == 4
        assert b.reboot() == "new"                    # reboot() and wait_up() return the version that came up
        assert b.status()["phase"] == "trial"
        b.run("cowboot mark-good && cowboot merge --wait", check=True)
        assert b.digest() == image_digest(new)

images  .old(fs="ext4", version="old", size_mib=16)              path of an image
        .new(old, version="new", behave="ok", change=64, spread="runs", seed=1)      a variant; spread: run runs scattered
        .pair(fs="ext4", **new)                                  (old, new)
        .volume(version=..), then .new(..)                       a volume without a root (vendor), 4 MiB
        .without_init(image)  .unmountable(image)                broken copies
        behave: ok | panic (at once) | exit (PID 1 ends) | hang
bundle  bundle(system=(old, new), vendor=(..), version="2", chunk_sectors=8, args=())     path of a bundle
board   board(system=old, **options) -> Board (tests/qemu/board.py on top of qemu/vm.py), switched off after the test
          vendor=IMAGE       a second volume at /vendor
          store="file"       or "cow": a raw partition of cow_mib=16
          data_mib=48        data_options="rw,noatime"; data=IMAGE to bring one; data=None for no data partition at all
          bus="virtio"       virtio-mmio, nvme, sd
          sector_bytes=512   or 4096 (virtio and nvme)
          two_disks=False    True: data (and cow) on a second disk
          props={}           device properties: {"min_io_size": 65536, "write-cache": "off"}
          inject=[]          blkdebug rules for the first disk, e.g. {"event": "none", "iotype": "write", "sector": N,
                             "errno": 5, "once": True}; b.sector("system", offset) gives N
          conf="tries 1\\n"  lines for cowboot.conf, instead of the board's line of the same key
          append=""          more kernel command line
          log=False          True: b.writes() lists every write to the first disk
          uboot=False        boots through U-Boot from boot_a
          watchdog=None      i6300esb with QEMU's action: reset, poweroff, pause
          boot=True          False: switched off; look, corrupt(), then b.start() and b.wait_up()

Images, initramfs, disks and bundles are made once and kept in build/tests/cache, by a hash of all that goes into them;
two pytest workers may ask for the same. A test's own files are in build/tests/run/NAME: they stay when it fails (serial.log
is the console, qemu.cmd the command line), and go when it passes.
"""
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "qemu"), str(TOP / "tests/qemu")]

import disk  # noqa: E402
from board import Board  # noqa: E402
from disk import MIB, Part  # noqa: E402
from tiny import image  # noqa: E402
from vm import Disk  # noqa: E402

BUILD = Path(os.environ.get("COWBOOT_BUILD", TOP / "build"))
KERNEL = os.environ.get("KERNEL", "6.1")
BOARD = TOP / "board/qemu-virt"
CMDLINE = "console=ttyAMA0 panic=1 quiet"
NEEDED = ("arm64/init", "arm64/cowboot", "arm64/toybox", "host/cowboot", f"kernels/{KERNEL}/Image")


# ---- what is made once ------------------------------------------------------------------------------------------------


class Cache:
    """Files under build/tests/cache, named by a hash of what they are made of."""

    def __init__(self, root):
        self.root, self.digests = root, {}
        root.mkdir(parents=True, exist_ok=True)

    def digest(self, path):
        """SHA-256 of a file, read once per session."""
        path = Path(path)
        key = (path, path.stat().st_mtime_ns)
        if key not in self.digests:
            self.digests[key] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self.digests[key]

    def get(self, name, make, *inputs):
        """The file called name for these inputs (Paths count by content); make(path) writes it if it isn't there."""
        words = [self.digest(i) if isinstance(i, Path) else repr(i) for i in inputs]
        key = hashlib.sha256("\n".join([name] + words).encode()).hexdigest()[:16]
        stem, dot, suffix = name.partition(".")
        path = self.root / f"{stem}-{key}{dot}{suffix}"
        with open(self.root / f".{path.name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                new = path.with_name("new-" + path.name)
                make(new)
                new.replace(path)
        return path


@pytest.fixture(scope="session")
def build():
    """The build tree, checked to be there."""
    missing = [n for n in NEEDED if not (BUILD / n).exists()]
    if missing:
        pytest.exit(f"{', '.join(missing)} not built: run `make` first", 2)
    return BUILD


@pytest.fixture(scope="session")
def cache(build):
    return Cache(BUILD / "tests/cache")


# ---- images and bundles -----------------------------------------------------------------------------------------------


class Images:
    def __init__(self, cache, programs):
        self.cache, self.programs = cache, programs
        self.made_by = Path(image.__file__)

    def _build(self, name, programs, **args):
        return self.cache.get(
            name,
            lambda out: image.build(out, programs=programs, **args),
            self.made_by,
            *programs,
            *programs.values(),
            sorted(args.items()),
        )

    def old(self, fs="ext4", version="old", size_mib=16):
        return self._build(
            f"old.{fs}", self.programs, fs=fs, version=version, size_bytes=size_mib * MIB
        )

    def volume(self, version="old", size_mib=4):
        return self._build(
            "volume.ext4", {}, version=version, size_bytes=size_mib * MIB, content_blocks=512
        )

    def new(self, old, **args):
        return self.cache.get(
            f"new{old.suffix}",
            lambda out: image.variant(old, out, **args),
            self.made_by,
            old,
            sorted(args.items()),
        )

    def pair(self, fs="ext4", **args):
        old = self.old(fs)
        return old, self.new(old, **args)

    def _broken(self, name, source, spoil):
        def make(out):
            shutil.copyfile(source, out)
            spoil(out)

        return self.cache.get(f"{name}{source.suffix}", make, self.made_by, source)

    def without_init(self, source):
        return self._broken("initless", source, image.remove_init)

    def unmountable(self, source):
        return self._broken("unmountable", source, image.destroy_superblock)


@pytest.fixture(scope="session")
def images(build, cache):
    with open(cache.root / ".tiny.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return Images(cache, image.programs(BUILD))


@pytest.fixture(scope="session")
def bundle(build, cache):
    """bundle(NAME=(OLD, NEW), ...): a bundle made by the host's own command."""
    tool = BUILD / "host/cowboot"

    def make(*, version="new", board="qemu-virt", chunk_sectors=8, args=(), **volumes):
        argv = [
            "--version",
            version,
            "--board",
            board,
            "--chunk-sectors",
            str(chunk_sectors),
            *args,
        ]

        def run(out):
            names = [f"{name}={old}:{new}" for name, (old, new) in sorted(volumes.items())]
            subprocess.run([tool, "bundle", "create", "-o", out, *argv, *names], check=True)

        return cache.get(
            "update.bundle",
            run,
            tool,
            argv,
            *(x for n, pair in sorted(volumes.items()) for x in (n, *pair)),
        )

    return make


# ---- boards -----------------------------------------------------------------------------------------------------------


def configuration(conf, vendor, store, data_options, data):
    """The board's cowboot.conf with the lines of `conf` put over it."""
    extra = conf
    if vendor:
        extra += "volume vendor PARTLABEL=vendor /vendor ext4 ro\n"
    if store == "cow":
        extra += "store PARTLABEL=cow\n"
    if data_options != "rw,noatime":
        extra += f"data PARTLABEL=data /data ext4 {data_options}\n"

    def key(line):
        return " ".join(line.split()[: 2 if line.startswith("volume") else 1])

    over = {key(line) for line in extra.splitlines()}
    kept = [
        line for line in (BOARD / "cowboot.conf").read_text().splitlines() if key(line) not in over
    ]
    return "\n".join(kept) + "\n" + extra


def initramfs(cache, conf):
    """The board's initramfs with this configuration."""
    tool, init, toybox = TOP / "initramfs/mkinitramfs", BUILD / "arm64/init", BUILD / "arm64/toybox"
    kernel, plain = BUILD / "kernels" / KERNEL, (BOARD / "cowboot.conf").read_text()

    def make(out):
        overlay = out.with_name(out.name + ".d")
        (overlay / "etc").mkdir(parents=True, exist_ok=True)
        (overlay / "etc/cowboot.conf").write_text(conf)
        subprocess.run(
            [
                tool,
                "-o",
                out,
                "--init",
                init,
                "--toybox",
                toybox,
                "--kernel",
                kernel,
                "--board",
                BOARD,
                *(["--overlay", overlay] if conf != plain else []),
            ],
            check=True,
        )
        shutil.rmtree(overlay)

    return cache.get(
        "initramfs.img", make, tool, init, toybox, BOARD / "modules", kernel / "release", conf
    )


def disks(
    cache, *, system, vendor, store, cow_mib, data, data_mib, sector_bytes, two_disks, bus, boot
):
    """The one or two base disks, from the cache."""
    volumes = [Part("system", system.stat().st_size, system)]
    if vendor:
        volumes.append(Part("vendor", vendor.stat().st_size, vendor))
    stores = [Part("cow", cow_mib * MIB)] if store == "cow" else []
    if data == "":
        data = cache.get(
            "data.img",
            lambda out: disk.make_data(out, data_mib * MIB),
            Path(disk.__file__),
            data_mib,
        )
    if data:
        stores.append(Part("data", Path(data).stat().st_size, data))
    boots = [Part("boot_a", Path(boot).stat().st_size if boot else MIB, boot), Part("boot_b", MIB)]
    first = boots + [Part("meta", MIB)] + volumes
    lists = [first, stores] if two_disks else [first + stores]

    def one(parts):
        images = [Path(p.image) for p in parts if p.image]
        return cache.get(
            "disk.img",
            lambda out: disk.build_disk(
                out, parts, sector_bytes=sector_bytes, power_of_two=bus == "sd"
            ),
            Path(disk.__file__),
            [(p.label, p.size_bytes, bool(p.image)) for p in parts],
            *images,
            sector_bytes,
            bus == "sd",
        )

    return [one(parts) for parts in lists]


def boot_partition(cache, initrd):
    """A vfat image with what U-Boot loads."""
    kernel, script = BUILD / f"kernels/{KERNEL}/Image", BOARD / "boot.cmd"

    def make(out):
        scr = out.with_name(out.name + ".scr")
        run = {
            "check": True,
            "stdout": subprocess.DEVNULL,
            "env": os.environ | {"SOURCE_DATE_EPOCH": "1700000000"},
        }
        subprocess.run(
            ["mkimage", "-A", "arm64", "-T", "script", "-C", "none", "-d", script, scr], **run
        )
        out.touch()
        os.truncate(out, 64 * MIB)
        subprocess.run(["/sbin/mkfs.vfat", "-F", "32", "--invariant", out], **run)
        for source, name in ((scr, "boot.scr"), (kernel, "Image"), (initrd, "initramfs.img")):
            subprocess.run(["mcopy", "-i", out, source, f"::{name}"], **run)
        scr.unlink()

    return cache.get("boot.vfat", make, script, kernel, initrd)


@pytest.fixture
def board(request, cache, images):
    """The factory of boards; all are switched off at the end, and forgotten unless the test failed."""
    name = re.sub(r"[^\w.-]+", "_", request.node.name)
    where = BUILD / "tests/run" / name
    shutil.rmtree(where, ignore_errors=True)
    made = []

    def make(
        system=None,
        *,
        vendor=None,
        store="file",
        cow_mib=16,
        data="",
        data_mib=48,
        data_options="rw,noatime",
        bus="virtio",
        sector_bytes=512,
        two_disks=False,
        props=None,
        inject=(),
        conf="",
        append="",
        log=False,
        uboot=False,
        watchdog=None,
        boot=True,
        mem_mib=256,
    ):
        initrd = initramfs(cache, configuration(conf, vendor, store, data_options, data))
        bases = disks(
            cache,
            system=system or images.old(),
            vendor=vendor,
            store=store,
            cow_mib=cow_mib,
            data=data,
            data_mib=data_mib,
            sector_bytes=sector_bytes,
            two_disks=two_disks,
            bus=bus,
            boot=boot_partition(cache, initrd) if uboot else None,
        )
        home = where / str(len(made))
        home.mkdir(parents=True)
        copies = []
        for n, base in enumerate(bases):
            copies.append(home / f"disk{n}.img")
            subprocess.run(
                ["cp", "--sparse=always", "--reflink=auto", base, copies[-1]], check=True
            )
        sector = (
            {"logical_block_size": sector_bytes, "physical_block_size": sector_bytes}
            if sector_bytes != 512
            else {}
        )
        writes = home / "writes.log" if log else None
        hung = [
            Disk(
                c,
                bus=bus,
                props=sector | (props or {}),
                inject=list(inject) if n == 0 else [],
                log=writes if n == 0 else None,
            )
            for n, c in enumerate(copies)
        ]
        b = Board(
            home,
            images=copies,
            log=writes,
            disks=hung,
            uboot=uboot,
            watchdog=watchdog,
            mem_mib=mem_mib,
            kernel=BUILD / f"kernels/{KERNEL}/Image",
            initrd=initrd,
            append=f"{CMDLINE} {append}".strip(),
        )
        made.append(b)
        if boot:
            b.start()
            b.wait_up()
        return b

    request.node.boards = made
    yield make
    for b in made:
        b.kill()
    if not getattr(request.node, "failed", False):
        shutil.rmtree(where, ignore_errors=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that fails shows the end of its boards' consoles, and keeps their files."""
    report = (yield).get_result()
    if report.failed:
        item.failed = True
        for b in getattr(item, "boards", []):
            log = b.dir / "serial.log"
            if log.exists():
                report.sections.append((f"console, {log}", log.read_text(errors="replace")[-4000:]))
