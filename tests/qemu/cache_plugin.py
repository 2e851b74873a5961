# SPDX-License-Identifier: MIT
"""Plugin of nbdkit: a disk with a cache of its own, which loses its power whenever its client goes.
Loaded by nbdkit alone.

disk=FILE   the medium
kind=KIND   honest: a flush writes the cache out, and nothing else does.
            liar: a flush does nothing. What is in the cache reaches the medium when there is too much
            of it, in any order.
seed=N      what is left of the cache when the power goes is a matter of chance: of each 4 KiB all,
            nothing, or some sectors
"""
import os
import random

import nbdkit

API_VERSION = 2
SECTOR, BLOCK_SECTORS, CACHED_MAX = 512, 8, 64
given, cache = {}, {}       # cache: number of a block of 4 KiB: {sector: bytes}
chance = random.Random()


def config(key, value):
    given[key] = value


def config_complete():
    chance.seed(int(given["seed"]))


def thread_model():
    return nbdkit.THREAD_MODEL_SERIALIZE_ALL_REQUESTS


def open(readonly):
    return os.open(given["disk"], os.O_RDONLY if readonly else os.O_RDWR)


def get_size(disk):
    return os.fstat(disk).st_size


def can_fua(disk):
    return nbdkit.FUA_EMULATE


def _write_out(disk, block, sectors):
    for sector in sectors:
        os.pwrite(disk, cache[block][sector], sector * SECTOR)


def close(disk):
    """The power goes."""
    for block, sectors in cache.items():
        fate = chance.randrange(4)
        kept = list(sectors) if fate == 0 else [s for s in sectors if fate == 1 and chance.random() < 0.5]
        _write_out(disk, block, kept)
    cache.clear()
    os.close(disk)


def pread(disk, buf, offset, flags):
    if os.preadv(disk, [buf], offset) != len(buf):
        raise OSError("the disk is too short")
    for at in range(0, len(buf), SECTOR):
        sector = (offset + at) // SECTOR
        held = cache.get(sector // BLOCK_SECTORS, {}).get(sector)
        if held:
            buf[at:at + SECTOR] = held


def pwrite(disk, buf, offset, flags):
    for at in range(0, len(buf), SECTOR):
        sector = (offset + at) // SECTOR
        cache.setdefault(sector // BLOCK_SECTORS, {})[sector] = bytes(buf[at:at + SECTOR])
    while given["kind"] == "liar" and len(cache) > CACHED_MAX:
        block = chance.choice(list(cache))
        _write_out(disk, block, cache[block])
        del cache[block]


def flush(disk, flags):
    if given["kind"] == "liar":
        return
    for block in cache:
        _write_out(disk, block, cache[block])
    cache.clear()
