# SPDX-License-Identifier: MIT
"""Fixtures of the QEMU scenarios. A scenario reads:

    def test_merge(board, images, bundle):
        old, new = images.pair()                    # tiny roots; NEW is OLD with 64 blocks changed
        b = board(old)                              # a board on a fresh disk, up and idle
        assert b.install(bundle(system=(old, new)))[0] == 4
        assert b.reboot() == "new"                  # reboot(), wait_up(): the version that came up
        assert b.status()["phase"] == "trial"
        b.run("cowboot mark-good && cowboot merge --wait", check=True)
        assert b.digest() == image_digest(new)

images  .old(fs="ext4", version="old", size_mib=16)         path of an image
        .new(old, version="new", behave="ok", change=64, spread="runs", seed=1)    a variant of it
              behave: ok, panic (at once), exit (PID 1 ends), hang; spread: run, runs, scattered
        .pair(fs="ext4", **new)                             (old, new)
        .volume(version="old"), then .new(..)               a volume that is no root, 4 MiB
        .built(fs, version)  made from a tree of that version; .flashed(image)   and what lies behind it
        .data(size_mib=48, piece_blocks=None)               ext4 for data; piece_blocks=2: half full,
              its free space in pieces of that many blocks (a store in over 100 extents)
        .without_init(image), .unmountable(image), .linked(image)    copies that are broken, or odd
bundle  bundle(system=(old, new), vendor=(..), version="new", board="qemu-virt", chunk_sectors=8,
               boot=None, args=())                          path of a bundle, made on the host;
              boot: an image for the other slot, slot(..)
slot    slot(version=KERNEL, kernel=None, initrd=None, args="", conf="")   an image for a boot slot:
              that kernel, the board's initramfs for it and more kernel command line
program program(kernel=None, initrd=None)                   the same for the board qemu-efi
board   board(system=None, **options) -> Board, see board.py and qemu/vm.py. Options:
          vendor=IMAGE       a second volume, at /vendor
          store="file"       or "cow": a raw partition of cow_mib=16
          data_mib=48        size of data; data=IMAGE brings one, data=None leaves it out altogether
          data_options=None  its mount options, instead of the board's
          bus="virtio"       virtio-mmio, nvme, sd
          sector_bytes=512   or 4096 (virtio and nvme)
          two_disks=False    True: data and cow are on a second disk
          props={}           of the disks: {"min_io_size": 65536}, {"write-cache": "off"}
          inject=()          blkdebug's rules for the first disk: {"event": "none", "iotype":
                             "write", "sector": N, "errno": 5, "once": True}; b.sector() gives N
          conf=""            lines for cowboot.conf, in place of the board's of the same key
          append=""          more kernel command line
          log=False          True: b.writes() lists what the first disk was asked to write
          uboot=False        True: boots by U-Boot, which chooses the slot; boot_a has the kernel
          efi=False          True: the board qemu-efi, by EDK2 and systemd-boot
          watchdog=None      an i6300esb, and what it does: reset, poweroff, pause
          mem_mib=256
          usb=IMAGE          a USB stick, written to in place
          files={}           programs for the initramfs: {"etc/cowboot/fsck": "#!/bin/sh..."}, or a Path
          modules=()         kernel modules that its initramfs gets besides
          extra=()           more arguments of QEMU
          boot=True          False: is off; look, corrupt(), then b.start() and b.wait_up();
                             True: may go on from where another board like it was up (up.py)
at      at("merging", **options)                             a board that is off at some point of an
              update's life: see points.py

What a test leaves is in build/tests/run/NAME: gone when it passes, kept when it fails. serial.log
is the console, qemu.cmd the command line. KERNEL=5.10 in the environment boots another kernel.
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

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "qemu")]
sys.dont_write_bytecode = True

import artefacts  # noqa: E402
from artefacts import BUILD, KERNEL, Cache, Images, whole  # noqa: E402
from board import Board  # noqa: E402
from disk import MIB, Part  # noqa: E402
from points import at, disks_of, kept  # noqa: E402, F401 (at, kept: fixtures)
from saved import SavedGuests  # noqa: E402
from tiny import image  # noqa: E402
from up import bring_up, can_save, copy_disk  # noqa: E402
from vm import CMDLINE, SOONER, Disk, stick  # noqa: E402

SLOT_MIB = 96
# U-Boot waits for nobody, and looks at the disk alone.
UBOOT_ENV = {"bootdelay": "-2", "boot_targets": "virtio0", "bootargs_extra": SOONER}
KERNEL_IMAGE = BUILD / f"kernels/{KERNEL}/Image"
HOST_COWBOOT = BUILD / "host/cowboot"
NEEDED = [BUILD / "arm64/init", BUILD / "arm64/cowboot", BUILD / "arm64/toybox.commands",
          BUILD / "arm64/e2fsck", HOST_COWBOOT, KERNEL_IMAGE]


@pytest.fixture(scope="session")
def cache():
    missing = [str(n) for n in NEEDED if not n.exists()]
    if missing:
        pytest.exit(f"{', '.join(missing)}: not built, run `make` first", 2)
    return Cache(BUILD / "tests/cache")


@pytest.fixture(scope="session")
def images(cache):
    with open(cache.root / ".tiny.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return Images(cache, image.programs(BUILD))


@pytest.fixture(scope="session")
def bundle(cache):
    def make(*, version="new", board="qemu-virt", chunk_sectors=8, boot=None, args=(), **volumes):
        options = ["--version", version, "--board", board, "--chunk-sectors", str(chunk_sectors)]
        options += args
        boots = [boot] if boot else []
        pairs = sorted(volumes.items())

        def run(out):
            names = [f"{name}={new}" if "--full" in args else f"{name}={old}:{new}"
                     for name, (old, new) in pairs]
            more = ["--boot", boot, "--level", "1"] if boot else []
            subprocess.run([HOST_COWBOOT, "bundle", "create", "-o", out, *options, *more, *names],
                           check=True, stdout=subprocess.DEVNULL)
        inputs = [each for name, pair in pairs for each in (name, *pair)]
        return cache.get("update.bundle", run, HOST_COWBOOT, options, *boots, *inputs)
    return make


@pytest.fixture(scope="session")
def slot(cache):
    def make(*, version=KERNEL, kernel=None, initrd=None, args="", conf="", packed=False):
        own = artefacts.configuration(conf, None, "file", None)
        return artefacts.boot_image(cache, kernel or BUILD / f"kernels/{version}/Image",
                                    initrd or artefacts.initramfs(cache, own, version=version),
                                    args, packed)
    return make


@pytest.fixture(scope="session")
def program(cache):
    def make(*, kernel=None, initrd=None):
        kind = artefacts.BOARD_EFI
        own = artefacts.configuration("", None, "file", None, kind)
        return artefacts.boot_program(cache, kernel or KERNEL_IMAGE,
                                      initrd or artefacts.initramfs(cache, own, board=kind))
    return make


def _layout(cache, images, initrd, system, vendor, store, cow_mib, data, data_mib, two_disks,
            uboot, efi):
    """The partitions of the one or two disks."""
    first = [Part("boot_a", MIB), Part("boot_b", MIB), Part("meta", MIB), whole("system", system)]
    if uboot:
        slot = artefacts.boot_image(cache, KERNEL_IMAGE, initrd)
        first[:2] = [whole("loader", artefacts.loader_partition(cache)),
                     Part("boot_a", SLOT_MIB * MIB, slot), Part("boot_b", SLOT_MIB * MIB)]
    if efi:
        program = artefacts.boot_program(cache, KERNEL_IMAGE, initrd)
        first[:2] = [whole("esp", artefacts.esp_partition(cache, program))]
    if vendor:
        first.append(whole("vendor", vendor))
    second = [Part("cow", cow_mib * MIB)] if store == "cow" else []
    if data == "empty":
        data = images.data(data_mib)
    if data:
        second.append(whole("data", data))
    return [first, second] if two_disks else [first + second]


def _disks(cache, home, layout, bus, sector_bytes, props, inject, log):
    """The test's own copies of the disks: (images, Disks, what the images are copies of)."""
    copies, found, bases = [], [], []
    if sector_bytes != 512:
        props = {"logical_block_size": sector_bytes, "physical_block_size": sector_bytes} | props
    for n, parts in enumerate(layout):
        bases.append(artefacts.base_disk(cache, parts, sector_bytes, bus == "sd"))
        copies.append(home / f"disk{n}.img")
        copy_disk(bases[n], copies[n])
        more = {} if n else {"inject": list(inject), "log": log}
        found.append(Disk(copies[n], bus=bus, props=dict(props), **more))
    return copies, found, bases


@pytest.fixture
def board(request, cache, images, kept):
    name = f"{request.node.path.stem}-{request.node.name}"  # two files may have one of a name
    where = BUILD / "tests/run" / re.sub(r"[^\w.-]+", "_", name)
    shutil.rmtree(where, ignore_errors=True)
    made = request.node.boards = []

    def make(system=None, *, vendor=None, store="file", cow_mib=16, data="empty", data_mib=48,
             data_options=None, bus="virtio", sector_bytes=512, two_disks=False, props=None,
             inject=(), conf="", append="", log=False, uboot=False, efi=False, watchdog=None,
             mem_mib=256, usb=None, files={}, modules=(), extra=(), boot=True):
        home = where / str(len(made))
        home.mkdir(parents=True)
        kind = artefacts.BOARD_EFI if efi else artefacts.BOARD
        if two_disks:
            conf = "disks several\n" + conf
        text = artefacts.configuration(conf, vendor, store, data_options, kind)
        initrd = artefacts.initramfs(cache, text, files, kind, modules=modules)
        layout = _layout(cache, images, initrd, system or images.old(), vendor, store, cow_mib,
                         data, data_mib, two_disks, uboot, efi)
        log = home / "writes.log" if log else None
        copies, disks, bases = _disks(cache, home, layout, bus, sector_bytes, props or {}, inject, log)
        # A guest that was saved has the board's own initramfs: only cowboot.conf may be another.
        guests = SavedGuests(cache) if not files and not modules and kind == artefacts.BOARD else None
        b = Board(home, images=copies, log=log, guests=guests, conf=text,
                  disks=disks, kernel=KERNEL_IMAGE, initrd=artefacts.spared(cache, initrd),
                  append=f"{CMDLINE} {append}".strip(), uboot=uboot, uboot_env=UBOOT_ENV, efi=efi,
                  watchdog=watchdog,
                  mem_mib=max(mem_mib, 512) if efi else mem_mib,
                  extra=[*extra, *(stick(usb) if usb else ())])
        made.append(b)
        if boot and can_save(b):
            like = [base.name for base in bases], text, initrd.name, b.append, b.mem_mib, b.uboot, bus, props
            bring_up(b, kept / f"up-{hashlib.sha256(repr(like).encode()).hexdigest()[:16]}")
        elif boot:
            b.start()
            b.wait_up()
        return b

    yield make
    for b in made:
        b.kill()
    if not getattr(request.node, "failed", False):
        shutil.rmtree(where, ignore_errors=True)


def _forget_points(config):
    if not hasattr(config, "workerinput"):
        shutil.rmtree(disks_of(os.getpid()), ignore_errors=True)


def pytest_configure(config):
    _forget_points(config)      # of a session that was killed, and had this number


def pytest_unconfigure(config):
    _forget_points(config)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that fails shows the end of its boards' consoles, and keeps their files."""
    report = (yield).get_result()
    if report.failed:
        item.failed = True
        for b in getattr(item, "boards", []):
            log = b.dir / "serial.log"
            if log.exists():
                text = log.read_text(errors="replace")[-4000:]
                report.sections.append((f"console, {log}", text))
