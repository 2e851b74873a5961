# SPDX-License-Identifier: MIT
"""The environment that U-Boot finds in a board's flash, made from the defaults within its own binary."""

import os
import re
import zlib
from pathlib import Path

ENV_BYTES = 0x40000             # CONFIG_ENV_SIZE of qemu_arm64
FLASH_BYTES = 64 << 20
ENTRY = re.compile(rb"[A-Za-z_][\w.#-]*=[^\0]*")


def defaults(uboot):
    """{name: value}: the list around bootcmd=. Empty where this U-Boot keeps it otherwise."""
    begin = uboot.find(b"\0bootcmd=")
    if begin < 0:
        return {}
    while ENTRY.fullmatch(uboot, uboot.rfind(b"\0", 0, begin) + 1, begin):
        begin = uboot.rfind(b"\0", 0, begin)
    entries = uboot[begin + 1:uboot.index(b"\0\0", begin + 1)].split(b"\0")
    return dict(entry.split(b"=", 1) for entry in entries)


def environment(uboot, changes):
    """The bytes in flash: the sum, then name=value, each with a zero behind it. Empty as above."""
    values = defaults(uboot)
    if not values:
        return b""
    values |= {name.encode(): value.encode() for name, value in changes.items()}
    data = b"".join(name + b"=" + value + b"\0" for name, value in values.items())
    data = data.ljust(ENV_BYTES - 4, b"\0")
    return zlib.crc32(data).to_bytes(4, "little") + data


def make_flash(path, uboot, changes):
    """A new flash that U-Boot (a file) finds its defaults in, with these changes; without any, or as
    above, it finds none, and takes its defaults."""
    Path(path).write_bytes(environment(Path(uboot).read_bytes(), changes) if changes else b"")
    os.truncate(path, FLASH_BYTES)
