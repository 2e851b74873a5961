# SPDX-License-Identifier: MIT
"""Plugin of nbdkit: a disk that can fail one request. Loaded by nbdkit alone; its other end is
export.py.

disk=FILE       what is exported, opened anew for each client
control=FILE    what is asked for by now: empty: nothing; `count ID`: requests are counted;
                `KIND NUMBER ID`: besides, the NUMBERth request of that kind ends with EIO and does
                nothing. A flush that fails loses all that was written since the last one. With
                another ID counting begins again.
log=FILE        a line for each request that was counted: KIND OFFSET BYTES, and `failed`; one for each
                write that a failed flush has lost: lost OFFSET BYTES
"""
import errno
import os

import nbdkit

API_VERSION = 2
given, files = {}, {}
asked, seen = b"", {}
unflushed = []      # (offset, what was there before), oldest first


def config(key, value):
    given[key] = value


def after_fork():
    files["control"] = os.open(given["control"], os.O_RDONLY)
    files["log"] = os.open(given["log"], os.O_WRONLY | os.O_APPEND)


def open(readonly):
    unflushed.clear()
    return os.open(given["disk"], os.O_RDONLY if readonly else os.O_RDWR)


def close(disk):
    os.close(disk)


def get_size(disk):
    return os.fstat(disk).st_size


def can_fua(disk):
    return nbdkit.FUA_NONE


def _count(kind, offset, size):
    """Counts a request; raises when it is the one that must fail."""
    global asked, seen
    now = os.pread(files["control"], 100, 0)
    if now != asked:
        asked, seen = now, {}
    if not now:
        return
    seen[kind] = seen.get(kind, 0) + 1
    wanted = now.decode().split()
    fails = wanted[0] == kind and int(wanted[1]) == seen[kind]
    os.write(files["log"], f"{kind} {offset} {size}{' failed' if fails else ''}\n".encode())
    if fails:
        nbdkit.set_error(errno.EIO)
        raise OSError(errno.EIO, f"{kind} {wanted[1]} fails, as asked")


def pread(disk, buf, offset, flags):
    _count("read", offset, len(buf))
    if os.preadv(disk, [buf], offset) != len(buf):
        raise OSError(errno.EIO, "the disk is too short")


def pwrite(disk, buf, offset, flags):
    _count("write", offset, len(buf))
    unflushed.append((offset, os.pread(disk, len(buf), offset)))
    if os.pwrite(disk, buf, offset) != len(buf):
        raise OSError(errno.EIO, "the disk is full")


def flush(disk, flags):
    try:
        _count("flush", 0, 0)
    except OSError:
        for offset, old in reversed(unflushed):
            os.pwrite(disk, old, offset)
            os.write(files["log"], f"lost {offset} {len(old)}\n".encode())
        raise
    finally:
        unflushed.clear()
