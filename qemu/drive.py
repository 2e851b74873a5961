# SPDX-License-Identifier: MIT
"""A disk image on a bus of the board, as QEMU arguments: image, write log, failing requests."""
import json
from dataclasses import dataclass, field
from pathlib import Path

# How a disk hangs on the board: what must be there before it, and the disk's own device.
BUSES = {
    "virtio": ([], "virtio-blk-pci"),
    "virtio-mmio": ([], "virtio-blk-device"),
    "nvme": ([], "nvme"),
    "sd": (["sdhci-pci"], "sd-card"),
}


def _blockdev(driver, name, **more):
    return ["-blockdev", json.dumps({"driver": driver, "node-name": name} | more)]


def stick(path):
    """The arguments for a USB stick, in a port of its own controller."""
    return [*_blockdev("file", "stickfile", filename=str(path), cache={"no-flush": True}),
            *_blockdev("raw", "stickraw", file="stickfile"),
            "-device", "qemu-xhci", "-device", "usb-storage,drive=stickraw,removable=on"]


@dataclass
class Disk:
    """props go to the device (logical_block_size, min_io_size, write-cache ...); inject is a list
    of blkdebug's inject-error rules; log is a file that takes every write (blklogwrites)."""
    path: str
    bus: str = "virtio"
    props: dict = field(default_factory=dict)
    inject: list = field(default_factory=list)
    log: str = None
    readonly: bool = False

    def args(self, n):
        """The arguments for the n-th disk. Its nodes are file, raw, log and bug, its device disk,
        each followed by n. no-flush: the images are thrown away, no test cuts the host's power."""
        mode = {"read-only": self.readonly}
        cache = {"no-flush": True}
        out = _blockdev("file", f"file{n}", filename=str(self.path), cache=cache, **mode)
        out += _blockdev("raw", f"raw{n}", file=f"file{n}", **mode)
        top = f"raw{n}"
        if self.log:
            Path(self.log).touch()
            out += _blockdev("file", f"logfile{n}", filename=str(self.log))
            # An interval of 1: the log is readable whenever QEMU is killed. A second start goes on.
            goes_on = Path(self.log).stat().st_size > 0
            more = {"log-append": True} if goes_on else {"log-sector-size": 512}
            more["log-super-update-interval"] = 1
            out += _blockdev("blklogwrites", f"log{n}", file=top, log=f"logfile{n}", **more)
            top = f"log{n}"
        if self.inject:
            out += _blockdev("blkdebug", f"bug{n}", image=top, **{"inject-error": self.inject})
            top = f"bug{n}"
        before, driver = BUSES[self.bus]
        for device in before:
            out += ["-device", device]
        props = {"driver": driver, "id": f"disk{n}", "drive": top} | self.props
        if self.bus == "nvme":
            props.setdefault("serial", f"disk{n}")
        return out + ["-device", json.dumps(props)]
