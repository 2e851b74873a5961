# SPDX-License-Identifier: MIT
"""One QEMU arm64 board: builds the command line, starts it, talks to it, and always kills it.

    with VM(workdir, kernel=..., initrd=..., append="...", disks=[Disk("disk.img")]) as vm:
        vm.wait_up()                        # the tiny root says hello
        rc, out = vm.run("cowboot status")
        vm.cut()                            # the power goes
        vm.start()                          # and comes back, with the same disks

Killing QEMU keeps every write the guest has issued (they are in the host's page cache): it cuts the order of a run, it
doesn't lose an unflushed write. What a real power cut loses is the crash suite's job, by replaying a Disk's `log`.
"""
import ctypes
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from channel import Channel
from qmp import QMP
from stream import SCALE, Gone, Stream, Timeout

QEMU = "qemu-system-aarch64"
UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"
FLASH_BYTES = 64 << 20
PR_SET_PDEATHSIG = 1

# How a disk hangs on the board: the devices before the disk, the disk's own device.
BUSES = {
    "virtio": ([], "virtio-blk-pci"),
    "virtio-mmio": ([], "virtio-blk-device"),
    "nvme": ([], "nvme"),
    "sd": (["sdhci-pci"], "sd-card"),
}


@dataclass
class Disk:
    """An image on a bus. props go to the device (logical_block_size, min_io_size, write-cache ...), inject is a list of
    blkdebug inject-error dicts, log a file that takes every write (blklogwrites)."""

    path: str
    bus: str = "virtio"
    props: dict = field(default_factory=dict)
    inject: list = field(default_factory=list)
    log: str = None
    readonly: bool = False

    def args(self, n):
        """The command line for the n-th disk; its nodes are fN, logN and bugN, its device diskN."""

        def node(driver, name, **more):
            return [
                "-blockdev",
                json.dumps(
                    {"driver": driver, "node-name": name, "read-only": self.readonly} | more
                ),
            ]

        top, out = f"f{n}", node(
            "file", f"f{n}", filename=str(self.path), cache={"no-flush": True, "direct": False}
        )
        out += node("raw", f"raw{n}", file=top)
        top = f"raw{n}"
        if self.log:
            Path(self.log).touch()
            out += [
                "-blockdev",
                json.dumps(
                    {"driver": "file", "node-name": f"logfile{n}", "filename": str(self.log)}
                ),
            ]
            out += node(
                "blklogwrites",
                f"log{n}",
                file=top,
                log=f"logfile{n}",
                **{"log-sector-size": 512, "log-super-update-interval": 1},
            )
            top = f"log{n}"
        if self.inject:
            out += node("blkdebug", f"bug{n}", image=top, **{"inject-error": self.inject})
            top = f"bug{n}"
        before, device = BUSES[self.bus]
        for extra in before:
            out += ["-device", extra]
        props = {"driver": device, "id": f"disk{n}", "drive": top} | self.props
        if self.bus == "nvme":
            props.setdefault("serial", f"disk{n}")
        return out + [
            "-device",
            ",".join(["%s" % props.pop("driver")] + [f"{k}={v}" for k, v in props.items()]),
        ]


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class VM:
    def __init__(
        self,
        workdir,
        *,
        disks,
        kernel=None,
        initrd=None,
        append="",
        uboot=False,
        mem_mib=256,
        smp=1,
        cpu="cortex-a57",
        watchdog=None,
        no_reboot=False,
        extra=(),
    ):
        """kernel, initrd and append boot directly; uboot=True starts Debian's U-Boot instead, its environment in
        workdir/env.img. watchdog is QEMU's -action for the i6300esb (reset, poweroff, pause)."""
        self.dir, self.disks, self.extra = Path(workdir), list(disks), list(extra)
        self.kernel, self.initrd, self.append, self.uboot = kernel, initrd, append, uboot
        self.mem_mib, self.smp, self.cpu, self.watchdog, self.no_reboot = (
            mem_mib,
            smp,
            cpu,
            watchdog,
            no_reboot,
        )
        self.process = self.serial = self.qmp = self.channel = None
        self.seen_resets = 0

    # ---- life ---------------------------------------------------------------------------------------------------

    def argv(self):
        argv = [
            QEMU,
            "-M",
            "virt",
            "-cpu",
            self.cpu,
            "-m",
            str(self.mem_mib),
            "-smp",
            str(self.smp),
            "-nodefaults",
            "-display",
            "none",
            "-no-user-config",
        ]
        for name, stream in (
            ("serial", self.serial),
            ("channel", self.channel.stream),
            ("qmp", self.qmp_stream),
        ):
            argv += ["-chardev", f"socket,id={name},fd={stream.fd}"]
        argv += [
            "-serial",
            "chardev:serial",
            "-mon",
            "chardev=qmp,mode=control",
            "-device",
            "virtio-serial-pci",
            "-device",
            "virtserialport,chardev=channel,name=cowboot",
        ]
        if self.uboot:
            env = self.dir / "env.img"
            if not env.exists():
                env.touch()
                os.truncate(env, FLASH_BYTES)
            argv += ["-bios", UBOOT, "-drive", f"if=pflash,format=raw,index=1,file={env}"]
        else:
            argv += [
                "-kernel",
                str(self.kernel),
                "-initrd",
                str(self.initrd),
                "-append",
                self.append,
            ]
        if self.watchdog:
            argv += ["-device", "i6300esb", "-action", f"watchdog={self.watchdog}"]
        if self.no_reboot:
            argv += ["-no-reboot"]
        for n, disk in enumerate(self.disks):
            argv += disk.args(n)
        return argv + self.extra

    def start(self):
        """Switches the board on."""
        assert not self.process, "the board is on"
        self.dir.mkdir(parents=True, exist_ok=True)
        self.serial = Stream("serial", self.dir / "serial.log")
        self.qmp_stream = Stream("qmp")
        self.channel = Channel(Stream("channel"))
        streams = (self.serial, self.channel.stream, self.qmp_stream)
        argv = self.argv()
        (self.dir / "qemu.cmd").write_text("\n".join(argv) + "\n")
        with open(self.dir / "qemu.log", "ab") as log:
            self.process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[s.fd for s in streams],
                preexec_fn=_die_with_parent,
            )
        self.started = time.monotonic()
        self.seen_resets = 0
        for stream in streams:
            stream.start()
        try:
            self.qmp = QMP(self.qmp_stream)
        except (Gone, Timeout) as e:
            self.kill()
            raise Gone(f"QEMU did not start: {(self.dir / 'qemu.log').read_text()[-1000:]}") from e
        return self

    def kill(self):
        """Switches the board off, whatever it does; fine to call when it is off."""
        if not self.process:
            return
        self.process.kill()
        self.process.wait()
        self.process = None
        for stream in (self.serial, self.channel.stream, self.qmp_stream):
            stream.close()

    def cut(self):
        """Cuts the power: no signal to the guest, no more writes."""
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

    # ---- console ------------------------------------------------------------------------------------------------

    def wait_for(self, regex, timeout=30):
        """Waits for the console to print it, after what was waited for before; returns the match (bytes)."""
        return self.serial.expect(regex, timeout)

    def type(self, text):
        """Types on the console."""
        self.serial.send(text.encode())

    def console_run(self, command, timeout=30):
        """Runs a command in a shell on the console (recovery has no channel): (exit code, output)."""
        self.type(f"{command}; echo '<''<'$?'>''>'\r")
        match = self.wait_for(r"(?s)(.*?)<<(\d+)>>\r?\n", timeout)
        lines = match.group(1).decode(errors="replace").replace("\r", "").split("\n")
        return int(match.group(2)), "\n".join(lines[1:])

    # ---- the tiny root ------------------------------------------------------------------------------------------

    def wait_up(self, timeout=60):
        """Waits until a tiny root greets; returns its version."""
        try:
            return self.channel.wait_hello(timeout)
        except (Gone, Timeout) as e:
            raise type(e)(
                f"the board did not come up ({e}); its console ends with\n{self.serial.text()[-4000:]}"
            ) from None

    def run(self, command, timeout=60, check=False):
        """Runs a shell command in the tiny root: (exit code, output as text). check=True insists on code 0 and returns
        the output alone."""
        code, out = self.channel.run(command, timeout)
        text = out.decode(errors="replace")
        if check and code:
            raise AssertionError(f"in the guest, `{command}` ended with {code}:\n{text}")
        return text if check else (code, text)

    def reboot(self, timeout=60):
        """An orderly reboot by the tiny root; returns the version that comes up."""
        self.channel.say("reboot")
        return self.wait_up(timeout)

    def poweroff(self, timeout=30):
        """An orderly end; QEMU is gone after it."""
        self.channel.say("poweroff")
        self.process.wait(timeout * SCALE)
        self.kill()

    # ---- the hardware -------------------------------------------------------------------------------------------

    def reset(self):
        """Presses the reset button."""
        self.qmp("system_reset")

    def resets(self):
        """How often the guest itself reset the board since start() (reboots, panics, the watchdog)."""
        return sum(1 for name, data in self.qmp.poll() if name == "RESET" and data.get("guest"))

    def wait_reset(self, timeout=60):
        """Waits for the next reset the guest makes, counted from the last call."""
        end = time.monotonic() + timeout * SCALE
        while self.resets() <= self.seen_resets:
            if self.process.poll() is not None or time.monotonic() > end:
                raise Timeout(
                    f"no reset within {timeout * SCALE:.0f} s\n{self.serial.text()[-4000:]}"
                )
            time.sleep(0.02)
        self.seen_resets += 1
