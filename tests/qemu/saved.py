# SPDX-License-Identifier: MIT
"""Guests that are saved before cowboot's init begins (fork.c), and boards that go on from there: that
spares each cold start, and most reboots (board.py), the kernel's own. What a board boots from there is the
disk, the kernel command line and the configuration that it is given. Resets by a panic, a watchdog or the
button are QEMU's, and the kernel begins anew.
"""
import shutil
import subprocess
import tempfile
from pathlib import Path

from artefacts import BOARD, BUILD, KERNEL, SIGNED, TOP, spare
from disk import MIB, make_zeros
from drive import Disk
from stream import wait_until
from vm import CMDLINE, VM

FORK_C = Path(__file__).resolve().with_name("fork.c")
# Drivers of what no board has that is saved: to load them was a tenth of a start. Boards that start with
# their kernel, and reboots that do, load them all.
ABSENT = {"virtio_mmio", "nvme", "sdhci-pci", "mmc_block",
          "-xhci_pci", "-usb_storage", "sd_mod", "-usbhid", "-hid_generic"}


def _folder(board, out):
    """A copy of the board's folder, whose lists of modules do not name these."""
    shutil.copytree(board, out)
    for path in (out / "modules", out / "modules-recovery"):
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if line.strip() not in ABSENT))
    return out


def initramfs(cache, board):
    """The board's initramfs, with fork.c before its init."""
    tool, built = TOP / "initramfs/mkinitramfs", BUILD / "arm64"

    def make(out):
        overlay = out.with_name(out.name + ".d")
        overlay.mkdir()
        shutil.copy(built / "init", overlay / "init.real")
        fork = out.with_name(out.name + ".fork")
        subprocess.run([built / "musl-gcc", "-Os", "-s", "-static", "-Wl,--build-id=none", "-o", fork,
                        FORK_C], check=True)
        folder = _folder(board, out.with_name(out.name + ".board"))
        subprocess.run([tool, "--fast", "-o", out, "--init", fork, "--toybox",
                        built / "toybox", "--cowboot", built / "cowboot", "--kernel",
                        BUILD / "kernels" / KERNEL, "--board", folder, "--overlay", overlay],
                       check=True)
        spare(out)
        shutil.rmtree(overlay)
        shutil.rmtree(folder)
        fork.unlink()
    return cache.get("saved.img", make, FORK_C, tool, built / "init", built / "toybox",
                     built / "cowboot", board / "cowboot.conf", board / "modules",
                     board / "modules-recovery", BUILD / "kernels" / KERNEL / "release",
                     sorted(ABSENT), SIGNED)


def save(vm, path):
    """Saves the guest, which stands still from here on."""
    vm.qmp("migrate", uri=f"exec:cat > {path}")
    wait_until(lambda: vm.qmp("query-migrate")["status"] == "completed", "the guest is saved", 60)


def save_at_fork(vm, path):
    """Starts a board that has the initramfs of above, and saves it before its init."""
    with vm:
        vm.wait_for("fork: here", 60)
        save(vm, path)


def incoming(path):
    """The arguments for a board that goes on from there."""
    return ["-incoming", f"exec:cat {path}"]


def wait_back(vm):
    """Waits until a board that was started with these goes on; ends it where it does not."""
    try:
        wait_until(lambda: vm.qmp("query-status")["status"] == "running", "the guest is back", 60)
    except BaseException:
        vm.kill()
        raise


def leave_fork(vm, conf=""):
    """Lets fork.c go on to init, with this configuration or its own."""
    data = conf.encode()
    vm.type(f"{len(data)}\n{conf}")


class SavedGuests:
    """The saved guests of the scenarios' boards, each made when it is first wanted: for the devices and
    command lines that many boards have. Any other starts with its kernel."""

    LINES = {CMDLINE, f"{CMDLINE} cowboot.recovery"}

    def __init__(self, cache):
        self.cache = cache

    def of(self, b):
        """The file of the guest that this board can go on from, or None."""
        plain = all(disk.bus == "virtio" and not disk.props for disk in b.disks)
        if not plain or b.append not in self.LINES or b.uboot or b.efi or b.extra:
            return None
        initrd = initramfs(self.cache, BOARD)
        what = (b.append, b.mem_mib, b.smp, b.cpu, b.watchdog, len(b.disks))
        return self.cache.get("saved.guest", lambda out: self._make(out, b, initrd), initrd, b.kernel,
                              what)

    def _make(self, out, b, initrd):
        with tempfile.TemporaryDirectory(dir=out.parent) as where:
            disks = [Disk(Path(where) / f"{n}.img") for n in range(len(b.disks))]
            for disk in disks:
                make_zeros(disk.path, MIB)
            save_at_fork(VM(where, disks=disks, kernel=b.kernel, initrd=initrd, append=b.append,
                            mem_mib=b.mem_mib, smp=b.smp, cpu=b.cpu, watchdog=b.watchdog), out)
