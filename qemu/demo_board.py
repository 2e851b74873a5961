# SPDX-License-Identifier: MIT
"""The demo's board: Debian on QEMU's virt by way of U-Boot, spoken to as root on its serial
console; and its disk as the host sees it."""
import hashlib
import json
import re
import struct
import subprocess

import gpt
from demo_tell import check, differ
from stream import SCALE, Timeout
from vm import VM

MIB = 1 << 20
# Without a seed for KASLR in the device tree the kernel needs no page tables of its own, and there
# is a quarter less to emulate. A random number generator makes up for it.
HARDWARE = ["-machine", "dtb-randomness=off", "-device", "virtio-rng-pci"]
BOOT_S, COMMAND_S = 240, 60
PHASES = ["idle", "staging", "trial", "merging"]
COPY_B_AT = 512 << 10
# At boot the console says one of these next, or it hangs.
SIGNS = {"U-Boot": rb"U-Boot 20\d\d", "kernel": rb"Starting kernel", "panic":
         rb"Kernel panic - not syncing: [^\r\n]*", "recovery": rb"cowboot: recovery: [^\r\n]*",
         "refusal": rb"cowboot: the trial was not confirmed", "login": rb"root@\w+:~# "}


def blake2b(read):
    """BLAKE2b-256 in hex, as b2sum -l 256 says it, of what read(bytes) gives until its end."""
    digest = hashlib.blake2b(digest_size=32)
    while block := read(MIB):
        digest.update(block)
    return digest.hexdigest()


def image_digest(path):
    with open(path, "rb") as f:
        return blake2b(f.read)


class Board(VM):
    """Every reset ends QEMU, and a new one takes over: a second boot in the same process takes up
    to twice the work, for the translations of the first are in its way."""

    def __init__(self, workdir, disk):
        super().__init__(workdir, disks=[disk], uboot=True, mem_mib=1024, smp=2, no_reboot=True,
                         extra=HARDWARE)
        self.image = disk.path

    # ---- boots ---------------------------------------------------------------------------------

    def sign(self, timeout=BOOT_S):
        """Waits for the next of SIGNS: (its name, what the console said)."""
        pattern = b"|".join(b"(%s)" % each for each in SIGNS.values())
        found = self.wait_for(pattern, timeout)
        return list(SIGNS)[found.lastindex - 1], found.group().decode(errors="replace").strip()

    def wait_signs(self, work, *names):
        """Waits for these signs, and no other, in this order; what the last one said."""
        for expected in names:
            work.at({"U-Boot": "off", "kernel": "U-Boot"}.get(expected, "kernel and systemd"))
            name, said = self.sign()
            while name == "login" != expected:    # nothing was asked of this shell
                name, said = self.sign()
            if name != expected:
                differ("what the console says of this boot", expected, said)
        return said

    def wait_login(self, work):
        """Waits until U-Boot, the kernel and Debian have come up."""
        self.wait_signs(work, "U-Boot", "kernel", "login")
        # Nothing but answers from now on: no kernel line, no systemd line, no echo.
        self.sh("dmesg -n 1; kill -s RTMIN+21 1; stty -echo; PS1=")

    def wait_reset(self, timeout=BOOT_S):
        """Waits until the board resets itself, and lets it start again."""
        try:
            self.process.wait(timeout * SCALE)
        except subprocess.TimeoutExpired:
            raise Timeout(f"no reset within {timeout * SCALE:.0f} s; the console ends:\n"
                          f"{self.serial.text()[-2000:]}") from None
        self.kill()
        check("how the board ended", ["guest-reset"],
              [data["reason"] for name, data in self.qmp.poll() if name == "SHUTDOWN"])
        self.start()

    def reboot(self, work):
        """An orderly reboot, until the board resets itself."""
        work.at("shutting down")
        self.type("reboot\r")
        self.wait_reset()

    # ---- the shell -----------------------------------------------------------------------------

    def ask(self, command, timeout=COMMAND_S):
        """Runs a command: (exit code, its output)."""
        code, out = self.console_run(command, timeout)
        return code, out.strip()

    def sh(self, command, timeout=COMMAND_S):
        """Runs a command that must end with 0; its output."""
        code, out = self.ask(command, timeout)
        if code:
            differ(f"the end of `{command}` in the guest", "exit code 0", f"{code}: {out}")
        return out

    def status(self):
        return json.loads(self.sh("cowboot status --json"))

    def boot_json(self):
        return json.loads(self.sh("cat /run/cowboot/boot.json"))

    def put(self, path, where, timeout=COMMAND_S):
        """Copies a file of the host into the guest, by the virtio port, and compares it."""
        data = path.read_bytes()
        self.type(f"head -c {len(data)} < /dev/virtio-ports/cowboot > {where}; echo 'c'opied\r")
        self.channel.stream.send(data)
        self.wait_for(r"copied\r?\n", timeout)
        seen = self.sh(f"b2sum -l 256 {where}").split()[0]
        check(f"the bytes of {where} in the guest", blake2b(path.open("rb").read), seen)

    def percent(self):
        """The last percentage that cowboot's progress line said on the console."""
        found = re.findall(rb"(\d+)%", bytes(self.serial.data[-200:]))
        return f"{found[-1].decode()} %" if found else ""

    def volume_digest(self, timeout=4 * COMMAND_S):
        """The digest of /dev/mapper/system as the guest reads it, past its page cache."""
        return self.sh("blockdev --flushbufs /dev/mapper/system && "
                       "b2sum -l 256 /dev/mapper/system", timeout).split()[0]

    # ---- the disk ----------------------------------------------------------------

    def limit_disk(self, bytes_per_second):
        """Makes the disk as slow as that when it is written to; 0: as fast as it goes. Read it is as
        before: the two proofs read all of the volume, and the merge little."""
        none = dict.fromkeys(("bps", "bps_rd", "iops", "iops_rd", "iops_wr"), 0)
        self.qmp("block_set_io_throttle", id="/machine/peripheral/disk0/virtio-backend",
                 bps_wr=bytes_per_second, **none)

    def _open(self, label):
        start, size = gpt.read(self.image)[label]
        f = open(self.image, "rb")
        f.seek(start)
        return f, size

    def partition_digest(self, label):
        f, left = self._open(label)

        def read(count):
            nonlocal left
            block = f.read(min(count, left))
            left -= len(block)
            return block
        with f:
            return blake2b(read)

    def record(self):
        """(phase, tries left) in the newest copy of the record: docs/formats.md."""
        f, size = self._open("meta")
        with f:
            data = f.read(size)
        found = []
        for at in (0, COPY_B_AT):
            if data[at:at + 8] == b"COWBOOT\n":
                found.append(struct.unpack_from("<QII", data, at + 24))
        _, phase, tries = max(found)
        return PHASES[phase], tries
