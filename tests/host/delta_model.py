# SPDX-License-Identifier: MIT
"""A delta as docs/formats.md has it, read without any code of ours: the store's list and its data."""
import struct


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _varints(data, at, count):
    values = []
    for _ in range(count):
        value, at = _varint(data, at)
        values.append(value)
    return values, at


def _records(delta):
    at = 0
    while at < len(delta):
        length, = struct.unpack_from("<I", delta, at)
        yield delta[at + 4:at + 4 + length]
        at += 4 + length


def _chunks(runs):
    chunks, at, following = [], 0, 0
    while at < len(runs):
        (gap, length), at = _varints(runs, at, 2)
        chunks += range(following + gap, following + gap + length)
        following += gap + length
    return chunks


def read(delta, old):
    """The chunks of the list, and the bytes of their data."""
    records = _records(delta)
    chunks, made, where = _chunks(next(records)), bytearray(), 0
    for piece in records:
        (out_bytes, ops), at = _varints(piece, 0, 2)
        copies, at = _varints(piece, at, ops)
        extras, at = _varints(piece, at, ops)
        seeks, at = _varints(piece, at, ops)
        diff, new, before = at, at + sum(copies), len(made)
        for copy, extra, seek in zip(copies, extras, seeks):
            where += seek // 2 if seek % 2 == 0 else -(seek + 1) // 2
            assert 0 <= where <= len(old) - copy
            made += bytes((a + b) & 255 for a, b in zip(old[where:where + copy], piece[diff:diff + copy]))
            made += piece[new:new + extra]
            where += copy
            diff += copy
            new += extra
        assert new == len(piece) and len(made) - before == out_bytes
    return chunks, bytes(made)
