# SPDX-License-Identifier: MIT
"""A full bundle as docs/formats.md has it, read without any code of ours."""
import struct
import subprocess
from hashlib import blake2b

BLOCK = 131072


def digest(data):
    return blake2b(data, digest_size=32).digest()


def _blocks(data, at, length, expect):
    """What travels in blocks, so many bytes of it from there on; and where it ends."""
    out = b""
    while len(out) < length:
        size = min(BLOCK, length - len(out))
        more = 32 if len(out) + size < length else 0
        block = data[at:at + size + more]
        assert digest(block) == expect
        out, expect = out + block[:size], block[size:]
        at += size + more
    return out, at


def read(data):
    """[(image, packed length of each frame)] of the volumes, every digest compared."""
    text = data[64:64 + struct.unpack_from("<I", data, 12)[0]].decode()
    at = 64 + sum(struct.unpack_from("<II", data, 12))
    volumes, images = [], []
    for part in text.split("\nvolume ")[1:]:
        keys = dict(line.split(" ") for line in ("volume " + part).splitlines())
        size, frame = int(keys["image-bytes"]), int(keys["frame-bytes"])
        chunk = int(keys["chunk-sectors"]) * 512
        length = -(-size // frame) * 36 + -(-size // chunk) * 8
        index, at = _blocks(data, at, length, bytes.fromhex(keys["index-chain"]))
        volumes.append((keys, size, frame, chunk, index))
    for keys, size, frame, chunk, index in volumes:
        image, lengths, begin, where = b"", [], at, 0
        while len(image) < size:
            packed_bytes, = struct.unpack_from("<I", index, where)
            packed = data[at:at + packed_bytes]
            assert digest(packed) == index[where + 4:where + 36]
            piece = subprocess.run(["zstd", "-dcq"], input=packed, stdout=subprocess.PIPE, check=True).stdout
            assert len(piece) == min(frame, size - len(image))
            where += 36
            for begin_of in range(0, len(piece), chunk):
                assert digest(piece[begin_of:begin_of + chunk])[:8] == index[where:where + 8]
                where += 8
            image += piece
            lengths.append(packed_bytes)
            at += packed_bytes
        assert where == len(index) and at - begin == int(keys["payload-bytes"])
        assert digest(image).hex() == keys["new-blake2b"]
        images.append((image, lengths))
    assert at == len(data)
    return images
