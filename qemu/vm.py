# SPDX-License-Identifier: MIT
"""One QEMU arm64 board: builds the command line, starts it, talks to it, and always kills it.

    with VM(workdir, kernel=..., initrd=..., append="...", disks=[Disk("disk.img")]) as vm:
        vm.wait_up()                        # the tiny root says hello
        rc, out = vm.run("cowboot status")
        vm.cut()                            # the power goes
        vm.start()                          # and comes back, with the same disks

Killing QEMU keeps every write the guest has issued (they are in the host's page cache): it cuts
the order of a run, it doesn't lose an unflushed write. What a real power cut loses is the crash
suite's job, by replaying a Disk's log.
"""
import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

import arch
from channel import Channel
from drive import Disk, stick  # noqa: F401 (for those who import vm)
from qmp import QMP
from stream import SCALE, Gone, Stream, Timeout
from uboot_env import make_flash

QEMU = arch.of("qemu")
EDK2 = "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"
UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"
PR_SET_PDEATHSIG = 1
# For the tests' kernels, that they start sooner. The kernel's own self-tests of its ciphers are nearly half of what an emulated
# processor does until a tiny root is up (6.1: 0.61 of 1.33 thousand million instructions). Without kpti=off
# each system call changes the page tables, and QEMU then forgets all that it knows of addresses.
SOONER = "cryptomgr.notests kpti=off"
CMDLINE = f"console={arch.of('console')} panic=1 quiet {SOONER}"


def cpu_for(kernel):
    """What -cpu must be for the kernel that this file is, by the configuration beside it: a Cortex-A57
    has no pages of 16 KiB."""
    config = Path(kernel).with_name("config") if kernel else None
    if config and config.exists() and "CONFIG_ARM64_16K_PAGES=y\n" in config.read_text():
        return "neoverse-n1"
    return "cortex-a57"


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class VM:
    def __init__(self, workdir, *, disks, kernel=None, initrd=None, append="", uboot=False, uboot_env=None,
                 efi=False, mem_mib=256, smp=1, cpu=None, watchdog=None, no_reboot=False, extra=()):
        """kernel, initrd and append boot directly; uboot=True starts Debian's U-Boot instead, its
        environment in workdir/env.img, with the changes uboot_env ({name: value}); efi=True EDK2;
        kernel then only says which processor it takes, where cpu does not. watchdog is QEMU's
        -action for the i6300esb: reset, poweroff or pause."""
        self.dir, self.disks, self.extra = Path(workdir), list(disks), list(extra)
        self.kernel, self.initrd, self.append, self.uboot = kernel, initrd, append, uboot
        self.uboot_env, self.efi = uboot_env, efi
        self.mem_mib, self.smp, self.cpu = mem_mib, smp, cpu or cpu_for(kernel)
        self.watchdog, self.no_reboot = watchdog, no_reboot
        self.process = self.serial = self.qmp = self.channel = None
        self.seen_resets = 0

    # ---- life ----------------------------------------------------------------------------------

    def _argv(self, streams):
        argv = [QEMU, "-M", "virt", "-cpu", self.cpu, "-m", str(self.mem_mib),
                "-smp", str(self.smp), "-nodefaults", "-no-user-config", "-display", "none"]
        for stream in streams:
            argv += ["-chardev", f"socket,id={stream.name},fd={stream.fd}"]
        argv += ["-serial", "chardev:serial", "-mon", "chardev=qmp,mode=control",
                 "-device", "virtio-serial-pci",
                 "-device", "virtserialport,chardev=channel,name=cowboot"]
        if self.efi:
            argv += ["-bios", EDK2]
        elif self.uboot:
            env = self.dir / "env.img"
            if not env.exists():
                make_flash(env, UBOOT, self.uboot_env)
            argv += ["-bios", UBOOT, "-drive", f"if=pflash,format=raw,index=1,file={env}"]
        else:
            argv += ["-kernel", self.kernel, "-initrd", self.initrd, "-append", self.append]
        if self.watchdog:
            argv += ["-device", "i6300esb", "-action", f"watchdog={self.watchdog}"]
        if self.no_reboot:
            argv += ["-no-reboot"]
        for n, disk in enumerate(self.disks):
            argv += disk.args(n)
        return [str(arg) for arg in argv + self.extra]

    def start(self):
        """Switches the board on."""
        assert not self.process, "the board is on"
        self.dir.mkdir(parents=True, exist_ok=True)
        self.serial = Stream("serial", self.dir / "serial.log")
        self.channel = Channel(Stream("channel"))
        self.streams = [self.serial, self.channel.stream, Stream("qmp")]
        argv = self._argv(self.streams)
        (self.dir / "qemu.cmd").write_text("\n".join(argv) + "\n")
        with open(self.dir / "qemu.log", "ab") as log:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=[s.fd for s in self.streams], preexec_fn=_die_with_parent)
        self.seen_resets = 0
        for stream in self.streams:
            stream.start()
        try:
            self.qmp = QMP(self.streams[2])
        except (Gone, Timeout) as e:
            self.kill()
            raise Gone(f"QEMU did not start: {(self.dir / 'qemu.log').read_text()}") from e
        return self

    def kill(self):
        """Switches the board off, whatever it does; fine to call when it is off."""
        if not self.process:
            return
        self.process.kill()
        self.process.wait()
        self.process = None
        for stream in self.streams:
            stream.close()

    def cut(self):
        """Cuts the power: not a word to the guest, not a write more."""
        try:
            self.qmp("quit")
            self.process.wait(10)
        except (Gone, subprocess.TimeoutExpired):
            pass
        self.kill()

    def __enter__(self):
        return self if self.process else self.start()

    def __exit__(self, *_):
        self.kill()

    # ---- console -------------------------------------------------------------------------------

    def wait_for(self, regex, timeout=30):
        """Waits for the console to print it, after what was waited for before; returns the match
        (of bytes)."""
        return self.serial.expect(regex, timeout)

    def type(self, text):
        """Types on the console."""
        self.serial.send(text.encode())

    def console_run(self, command, timeout=30):
        """Runs a command in a shell on the console, for a recovery, which has no channel:
        (exit code, output). The markers are split so that the echo of the line holds none."""
        self.type(f"echo '<''<begin'; {command}; echo '<''<'$?'>''>'\r")
        match = self.wait_for(r"(?s)<<begin\r?\n(.*?)<<(\d+)>>\r?\n", timeout)
        return int(match.group(2)), match.group(1).decode(errors="replace").replace("\r", "")

    # ---- the tiny root -------------------------------------------------------------------------

    def wait_up(self, timeout=60):
        """Waits until a tiny root greets; returns its version."""
        try:
            return self.channel.wait_hello(timeout)
        except (Gone, Timeout) as e:
            tail = self.serial.text()[-4000:]
            raise type(e)(f"the board did not come up ({e}); its console:\n{tail}") from None

    def run(self, command, timeout=60, check=False):
        """Runs a shell command in the tiny root: (exit code, output). check=True insists on code 0
        and returns the output alone. toybox's shell expands no wildcard in the middle of a path."""
        code, out = self.channel.run(command, timeout)
        text = out.decode(errors="replace")
        if check and code:
            raise AssertionError(f"in the guest, `{command}` ended with {code}:\n{text}")
        return text if check else (code, text)

    def begin_reboot(self):
        """An orderly reboot by the tiny root, as far as a test says it."""
        self.channel.say("reboot")

    def reboot(self, timeout=60):
        """The same; returns the version that comes up."""
        self.begin_reboot()
        return self.wait_up(timeout)

    def poweroff(self, timeout=30):
        """An orderly end; QEMU is gone after it."""
        self.channel.say("poweroff")
        self.process.wait(timeout * SCALE)
        self.kill()

    # ---- the hardware --------------------------------------------------------------------------

    def reset(self):
        """Presses the reset button."""
        self.qmp("system_reset")

    def resets(self):
        """How often the guest itself reset the board since start(): reboots, panics, watchdog."""
        return sum(name == "RESET" and data.get("guest", False) for name, data in self.qmp.poll())

    def wait_reset(self, timeout=60):
        """Waits for the next reset the guest makes, counted from the last call."""
        end = time.monotonic() + timeout * SCALE
        while self.resets() <= self.seen_resets:
            if self.process.poll() is not None or time.monotonic() > end:
                tail = self.serial.text()[-4000:]
                raise Timeout(f"no reset within {timeout * SCALE:.0f} s; the console:\n{tail}")
            time.sleep(0.02)
        self.seen_resets += 1
