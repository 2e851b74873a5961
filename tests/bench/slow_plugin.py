# SPDX-License-Identifier: MIT
"""Plugin of nbdkit: a disk whose flushes take their time, as those of eMMC and SD cards do. Loaded by nbdkit
alone.

disk=FILE   the medium; nothing of it need survive this machine, so nothing is flushed there
ms=N        how long a flush takes
count=FILE  where one byte is added for each flush
"""
import os
import time

import nbdkit

API_VERSION = 2
given = {}


def config(key, value):
    given[key] = value


def thread_model():
    return nbdkit.THREAD_MODEL_SERIALIZE_ALL_REQUESTS


def open(readonly):
    return os.open(given["disk"], os.O_RDONLY if readonly else os.O_RDWR)


def get_size(disk):
    return os.fstat(disk).st_size


def can_fua(disk):
    return nbdkit.FUA_EMULATE


def pread(disk, buf, offset, flags):
    if os.preadv(disk, [buf], offset) != len(buf):
        raise OSError("the disk is too short")


def pwrite(disk, buf, offset, flags):
    os.pwrite(disk, buf, offset)


def flush(disk, flags):
    time.sleep(int(given["ms"]) / 1000)
    count = os.open(given["count"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(count, b".")
    os.close(count)
