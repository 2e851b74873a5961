# SPDX-License-Identifier: MIT
"""What is measured: initramfs by initramfs, and disks on which an update is at one point of its life.

All boards are the tests' (tests/qemu): the board qemu-virt, Debian's kernel, a tiny root. It is larger
here, so that 4,000 chunks of it can change, and holds end.S beside its own init: a boot that is measured is
told to start that. Made once, and kept by a hash of all that goes into it.
"""
import os
import random
import shutil
import subprocess
from pathlib import Path

import artefacts
from artefacts import BOARD, BUILD, KERNEL, TOP, Cache, Images, whole
from board import Board
from disk import MIB, Part
from steps import begin_trial, left, slow_down, wait_merging, wait_until
from tiny import image
from vm import CMDLINE, Disk

HERE = Path(__file__).resolve().parent
OUT = BUILD / "bench"
KERNEL_IMAGE = BUILD / f"kernels/{KERNEL}/Image"
HOST_COWBOOT = BUILD / "host/cowboot"
END = "/sbin/bench-end"
MARKS = OUT / "marks.so"
SYSTEM_MIB, DATA_MIB, CONTENT_BLOCKS = 64, 96, 12000
EXCEPTIONS = 4000
COPY_MIB = 16
CONF = "require-signature no\nkeep-old yes\nverify-trial no\n"


def scratch():
    """An empty folder for one board, of this process."""
    where = OUT / f"run-{os.getpid()}"
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)
    return where


def _compile(name, argv, *sources):
    """A program of this folder, compiled when it is out of date."""
    out = OUT / name
    if not out.exists() or any(s.stat().st_mtime > out.stat().st_mtime for s in sources):
        OUT.mkdir(parents=True, exist_ok=True)
        subprocess.run([*argv, "-o", out, *sources], check=True)
    return out


def programs():
    """What runs in the guest, by name; and the plugin is compiled."""
    musl = [BUILD / "arm64/musl-gcc", "-Os", "-s", "-static", "-Wl,--build-id=none"]
    _compile("marks.so", "gcc -O2 -Wall -Wextra -Werror -shared -fPIC -fvisibility=hidden".split(),
             HERE / "marks.c")
    return {"begin": _compile("begin", [*musl, "-nostdlib"], HERE / "begin.S"),
            "end": _compile("end", [*musl, "-nostdlib"], HERE / "end.S"),
            **{name: _compile(name, [*musl, "-Wall", "-Wextra", "-Werror"], HERE / f"{name}.c")
               for name in ("floor", "stopwatch")}}


class Lab:
    """Everything of one run of the measurements."""

    def __init__(self):
        self.cache = Cache(BUILD / "tests/cache")
        self.programs = programs()
        tiny = image.programs(BUILD) | {END.lstrip("/"): self.programs["end"],
                                        "usr/sbin/stopwatch": self.programs["stopwatch"]}
        self.images = Images(self.cache, tiny)
        self.conf = artefacts.configuration(CONF, None, "file", None)
        self.tools = artefacts.initramfs(self.cache, self.conf)
        self.old = self.images.tiny("bench.ext4", CONTENT_BLOCKS, SYSTEM_MIB * MIB)
        # The slots are what a plain copy is made from and to.
        self.parts = [Part("boot_a", COPY_MIB * MIB, self._noise()), Part("boot_b", COPY_MIB * MIB),
                      Part("meta", MIB),
                      whole("system", self.old), whole("data", self.images.data(DATA_MIB))]

    def _noise(self):
        def make(out):
            out.write_bytes(random.Random(1).randbytes(COPY_MIB * MIB))
        return self.cache.get("noise.img", make, COPY_MIB)

    # ---- initramfs ---------------------------------------------------------------------------------

    def initramfs(self, first, *, recovery=True, board=BOARD, marked=True):
        """The board's initramfs, as it ships, with this program for a first stage. marked: with begin.S
        before it."""
        tool, kernel, arm = TOP / "initramfs/mkinitramfs", BUILD / "kernels" / KERNEL, BUILD / "arm64"
        begin = self.programs["begin"]

        def make(out):
            over = out.with_name(out.name + ".d")
            (over / "etc").mkdir(parents=True, exist_ok=True)
            (over / "etc/cowboot.conf").write_text(self.conf)
            if marked:
                shutil.copy(first, over / "init.real")
            subprocess.run([tool, "-o", out, "--init", begin if marked else first, "--toybox",
                            arm / "toybox", "--cowboot", arm / "cowboot", "--kernel", kernel, "--board",
                            board, "--overlay", over, *([] if recovery else ["--no-recovery"])], check=True)
            shutil.rmtree(over)
        return self.cache.get("bench.img", make, tool, begin, first, arm / "toybox", arm / "cowboot",
                              kernel / "release", board / "modules", board / "modules-recovery", self.conf,
                              recovery, marked)

    # ---- disks -------------------------------------------------------------------------------------

    def copy(self, source, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", source, target], check=True)
        return target

    def idle_disk(self):
        return artefacts.base_disk(self.cache, self.parts, 512, False)

    def board(self, where, image_path, *, disk=None, initrd=None, append="", log=None, extra=(), smp=1,
              mem_mib=256):
        """A board on a disk of its own (a file), which is off; disk: how it is attached, if not plainly."""
        disks = [disk or Disk(image_path, log=log)]
        return Board(where, images=[image_path], log=log, disks=disks, kernel=KERNEL_IMAGE,
                     initrd=initrd or self.tools, append=f"{CMDLINE} {append}".strip(), smp=smp,
                     mem_mib=mem_mib, extra=list(extra))

    def bundle(self, new, chunk_sectors=8):
        def make(out):
            subprocess.run([HOST_COWBOOT, "bundle", "create", "-o", out, "--version", "new", "--board",
                            "qemu-virt", "--chunk-sectors", str(chunk_sectors), f"system={self.old}:{new}"],
                           check=True, stdout=subprocess.DEVNULL)
        return self.cache.get("bench.bundle", make, HOST_COWBOOT, self.old, new, chunk_sectors)

    def disk_at(self, phase, *, change=EXCEPTIONS, spread="runs", chunk_sectors=8):
        """The disk of a board that was switched off in this phase: idle, trial, merging (half of it),
        proving, kept (idle, and the old system is kept), forgotten (the same, and it was given up). So many
        blocks change, see image.pick()."""
        if phase == "idle":
            return self.idle_disk()
        new = self.images.new(self.old, change=change, spread=spread)
        update, base = self.bundle(new, chunk_sectors), self.idle_disk()

        def make(out):
            self.copy(base, out)
            where = out.with_name(out.name + ".d")
            with self.board(where, out) as b:
                b.wait_up()
                GO[phase](b, update, image.changed_chunks(self.old.read_bytes(), new.read_bytes()))
            shutil.rmtree(where)
        return self.cache.get(f"bench-{phase}.img", make, base, update, self.tools, KERNEL_IMAGE,
                              HERE / "lab.py")


def _go_to_trial(b, update, _):
    assert b.install(update)[0] == 4
    b.poweroff()


def _go_to_merging(b, update, changed):
    begin_trial(b, update)
    slow_down(b)
    b.run("cowboot mark-good", check=True)
    wait_merging(b, changed)
    wait_until(lambda: left(b) < changed / 2, "half of it is merged", 300)
    b.cut()


def _go_to_proving(b, update, _):
    """All is merged, and nothing is proven."""
    begin_trial(b, update)
    b.run("cowboot mark-good", check=True)
    wait_until(lambda: left(b) == 0, "the kernel has merged it", 300)
    b.cut()


def _go_to_kept(b, update, _):
    begin_trial(b, update)
    b.run("cowboot mark-good --wait", check=True, timeout=300)
    assert b.status()["kept"]
    b.poweroff()


def _go_to_forgotten(b, update, changed):
    _go_to_kept(b, update, changed)
    b.start()
    b.wait_up()
    b.run("cowboot forget", check=True)
    b.poweroff()


GO = {"trial": _go_to_trial, "merging": _go_to_merging, "proving": _go_to_proving, "kept": _go_to_kept,
      "forgotten": _go_to_forgotten}
