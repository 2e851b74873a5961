# SPDX-License-Identifier: MIT
"""cowboot store: each verb's good path against the model, and every bad input."""

import json
import os
import signal
import stat
import struct
import subprocess
import time

import pytest

import model
from cowboot import bad, good, run, FAILED, PROGRAM

SECTOR = 512
CREATE_TO_STDOUT = [os.path.abspath(PROGRAM), "store", "create", "a.old", "a.new", "-o", "-"]


def put(data, at, fmt, *values):
    changed = bytearray(data)
    struct.pack_into(fmt, changed, at, *values)
    return bytes(changed)


@pytest.mark.parametrize("chunk_sectors, sectors, changed", [
    (8, 800, range(0)),
    (8, 800, [99]),
    (8, 801, [100]),                    # the partial last chunk
    (1, 100, range(31)),
    (1, 100, range(32)),
    (1, 100, range(33)),
    (1, 100, range(0, 100, 3)),
    (4, 2000, range(0, 500, 2)),
    (8, 8 * 300, range(256)),
    (128, 1000, range(0, 7, 2)),
])
def test_create_is_what_the_kernel_writes(images, chunk_sectors, sectors, changed):
    old, new = images.pair("a", sectors, changed, chunk_sectors)
    where = images.directory
    want = model.kernel_store(old, new, chunk_sectors)
    runs = sum(1 for i, c in enumerate(changed)
               if i % (chunk_sectors * 32) == 0 or c != changed[i - 1] + 1)
    said = good("store", "create", "--chunk-sectors", chunk_sectors, "a.old", "a.new", "-o", "s",
                cwd=where)
    assert said == f"s: {len(changed)} exceptions in {runs} runs, {len(want)} bytes\n"
    assert (where / "s").read_bytes() == want
    assert len(want) == model.store_bytes(chunk_sectors, len(changed))
    size = good("store", "size", f"--chunk-sectors={chunk_sectors}", len(changed))
    assert size == f"{len(want)}\n"
    assert good("store", "check", "--origin-bytes", len(old), "s", cwd=where) == (
        f"s: {len(changed)} exceptions in {runs} runs, ascending, chunks of "
        f"{chunk_sectors * SECTOR} bytes, {len(want)} bytes, which is exact\n")
    assert good("store", "apply", "a.old", "s", "-o", "n", cwd=where) == f"n: {len(new)} bytes\n"
    assert (where / "n").read_bytes() == new


def test_golden_files_are_the_model():
    for name, (chunk_sectors, image_bytes, changed) in model.GOLDEN.items():
        old, new = model.golden_images(chunk_sectors, image_bytes, changed)
        with open(f"tests/golden/store/{name}.hex", encoding="ascii") as f:
            assert f.read() == model.hex_text(model.kernel_store(old, new, chunk_sectors))


def test_standard_output_and_input(images):
    old, new = images.pair("a", 160, [3, 4, 19])
    where = images.directory
    done = run("store", "create", "a.old", "a.new", "-o", "-", cwd=where)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == model.kernel_store(old, new, 8)
    store = done.stdout
    assert good("store", "check", "--origin-bytes", len(old), "-", stdin=store).startswith(
        "standard input: 3 exceptions in 2 runs")
    done = run("store", "apply", "a.old", "-", "-o", "-", stdin=store, cwd=where)
    assert (done.returncode, done.stdout, done.stderr) == (0, new, b"")


def test_check_json(images):
    old, _ = images.pair("a", 160, [3, 4, 19])
    good("store", "create", "a.old", "a.new", "-o", "s", cwd=images.directory)
    text = good("store", "check", "--json", "--origin-bytes", len(old), images.directory / "s")
    assert json.loads(text) == {"schema": 1, "store_bytes": 20480, "chunk_sectors": 8,
                                "exceptions": 3, "runs": 2, "ascending": True}


def test_size():
    assert good("store", "size", 0) == "8192\n"
    assert good("store", "size", 255) == f"{257 * 4096}\n"
    assert good("store", "size", 256) == f"{259 * 4096}\n"
    bad("store", "size", 2 ** 63, says=f"cannot size a store for {2 ** 63} chunks: no disk is that "
        "large")


def test_a_store_with_room_to_spare(images):
    old, new = images.pair("a", 160, [3])
    images.file("s", model.kernel_store(old, new, 8) + bytes(8192))
    assert good("store", "check", "--origin-bytes", len(old), "s", cwd=images.directory).endswith(
        "20480 bytes, 12288 would do\n")


def test_any_order(images):
    """A store that a kernel filled by scattered writes is good, and applies."""
    old, new = images.pair("a", 100, range(0, 100, 2), 1)
    store = model.kernel_store(old, new, 1)
    entries = [store[model.entry(1, i):model.entry(1, i) + 16] for i in range(50)]
    images.random.shuffle(entries)
    for i, entry in enumerate(entries):
        store = put(store, model.entry(1, i), "16s", entry)
    images.file("s", store)
    where = images.directory
    assert ", not ascending, " in good("store", "check", "--origin-bytes", len(old), "s", cwd=where)
    good("store", "apply", "a.old", "s", "-o", "n", cwd=where)
    assert (where / "n").read_bytes() == new


@pytest.mark.parametrize("old_bytes, new_bytes, says", [
    (4096, 4608, "cannot create a store: NEW is larger than OLD (4608 and 4096 bytes), which a store "
     "cannot tell; cowboot bundle create can"),
    (4608, 4096, "cannot create a store: NEW is smaller than OLD (4096 and 4608 bytes), which a "
     "store cannot tell; cowboot bundle create can"),
    (0, 512, "cannot compare images: OLD is empty"),
    (0, 0, "cannot compare images: NEW is empty"),
])
def test_sizes_that_do_not_fit(images, old_bytes, new_bytes, says):
    images.file("OLD", bytes(old_bytes))
    images.file("NEW", bytes(new_bytes))
    bad("store", "create", "OLD", "NEW", "-o", "s", cwd=images.directory,
        says=says)
    assert sorted(os.listdir(images.directory)) == ["NEW", "OLD"]


def test_images_that_are_no_whole_sectors(images):
    old = images.noise(70001)
    new = old[:-1] + bytes([old[-1] ^ 1])
    images.file("OLD", old)
    images.file("NEW", new)
    where = images.directory
    assert ": 1 exceptions in 1 runs, " in good("store", "create", "OLD", "NEW", "-o", "s", cwd=where)
    good("store", "apply", "OLD", "s", "-o", "n", cwd=where)
    assert (where / "n").read_bytes() == new


def test_images_that_cannot_be_read(images):
    where = images.directory
    images.pair("a", 8)
    os.mkfifo(where / "pipe")
    bad("store", "create", "none", "a.new", "-o", "s", cwd=where,
        says="cannot open none: No such file or directory")
    bad("store", "create", "-", "a.new", "-o", "s", cwd=where,
        says="cannot read an image from standard input: it is read more than once; give a file")
    bad("store", "create", "a.old", ".", "-o", "s", cwd=where,
        says="cannot use .: neither a block device nor a file")
    bad("store", "apply", "pipe", "s", "-o", "n", cwd=where,
        says="cannot use pipe: neither a block device nor a file")


def test_outputs_that_cannot_be_written(images):
    where = images.directory
    images.pair("a", 8, [0])
    (where / "d").mkdir()
    bad("store", "create", "a.old", "a.new", "-o", "d", cwd=where,
        says="cannot write d: it is there, and no regular file; use - and redirect")
    bad("store", "create", "a.old", "a.new", "-o", "/dev/null", cwd=where,
        says="cannot write /dev/null: it is there, and no regular file; use - and redirect")
    bad("store", "create", "a.old", "a.new", "-o", "no/s", cwd=where,
        says="cannot write no/s: No such file or directory")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(CREATE_TO_STDOUT, cwd=where, stdout=full, stderr=subprocess.PIPE,
                              check=False)
    assert done.returncode == FAILED
    assert done.stderr == (b"cowboot: cannot create a store: cannot write standard output: "
                           b"No space left on device\n")


def test_no_store_on_a_terminal(images):
    images.pair("a", 8, [0])
    leader, follower = os.openpty()
    done = subprocess.run(CREATE_TO_STDOUT, cwd=images.directory, stdout=follower,
                          stderr=subprocess.PIPE, check=False)
    os.close(leader)
    os.close(follower)
    assert done.returncode == FAILED
    assert done.stderr == b"cowboot: cannot write to a terminal: redirect standard output\n"


def test_modes_and_old_content(images):
    """The result replaces what was there, with the mode that umask leaves."""
    images.pair("a", 8, [0])
    where = images.directory
    (where / "s").write_bytes(b"before")
    umask = os.umask(0o027)
    try:
        good("store", "create", "a.old", "a.new", "-o", "s", cwd=where)
    finally:
        os.umask(umask)
    assert stat.S_IMODE((where / "s").stat().st_mode) == 0o640
    assert (where / "s").stat().st_size == 12288


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_nothing(images, number):
    where = images.directory
    for name, byte in ("old", b"\0"), ("new", b"\1"):
        with open(where / name, "wb") as f:
            for _ in range(64):
                f.write(byte * (4 << 20))
    (where / "s").write_bytes(b"before")
    process = subprocess.Popen([os.path.abspath(PROGRAM), "store", "create", "--chunk-sectors", "1",
                                "old", "new", "-o", "s"], cwd=where, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 20
    while len(os.listdir(where)) < 4 and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(number)
    assert process.wait(20) == -number
    process.stdout.close()
    assert sorted(os.listdir(where)) == ["new", "old", "s"]
    assert (where / "s").read_bytes() == b"before"


HEADER = [
    (0, "<I", 0, "it is no store: magic is 0x00000000"),
    (0, "<I", 0x12345678, "it is no store: magic is 0x12345678"),
    (4, "<I", 0, "the kernel marked it invalid (valid is 0)"),
    (4, "<I", 2, "its valid word is 2, not 1"),
    (8, "<I", 2, "its format version is 2, not 1"),
    (12, "<I", 0, "its chunk size of 0 sectors is impossible"),
    (12, "<I", 7, "its chunk size of 7 sectors is impossible"),
    (12, "<I", 1 << 22, "its chunk size of 4194304 sectors is impossible"),
]
# Of 40 exceptions, old chunks 0, 2, 4 … 78 of 100, one sector each; entry, old, new.
ENTRIES = [
    (0, 100, 2, "exception 0: old chunk 100 lies outside the origin"),
    (39, 2 ** 64 - 1, 42, f"exception 39: old chunk {2 ** 64 - 1} lies outside the origin"),
    (39, 2 ** 56, 42, f"exception 39: old chunk {2 ** 56} lies outside the origin"),
    (5, 10, 43, "exception 5: new chunk 43 lies outside the store"),
    (5, 10, 2 ** 56, f"exception 5: new chunk {2 ** 56} lies outside the store"),
    (5, 10, 2 ** 64 - 1, f"exception 5: new chunk {2 ** 64 - 1} lies outside the store"),
    (5, 10, 2 ** 55 + 7, f"exception 5: new chunk {2 ** 55 + 7} lies outside the store"),
    (0, 0, 1, "exception 0: new chunk 1 is metadata"),
    (32, 64, 34, "exception 32: new chunk 34 is metadata"),
    (39, 0, 42, "exception 39: old chunk 0 is there twice"),
    (39, 78, 2, "exception 39: new chunk 2 is there twice"),
]


@pytest.fixture
def forty(images):
    old, new = images.pair("a", 100, range(0, 80, 2), 1)
    return images, model.kernel_store(old, new, 1)


def refused(images, store, says):
    images.file("s", store)
    bad("store", "check", "--origin-bytes", 51200, "s", cwd=images.directory,
        says=f"cannot use store s: {says}")
    bad("store", "apply", "a.old", "s", "-o", "n", cwd=images.directory,
        says=f"cannot use store s: {says}")
    assert not (images.directory / "n").exists()


@pytest.mark.parametrize("at, fmt, value, says", HEADER)
def test_bad_header(forty, at, fmt, value, says):
    images, store = forty
    refused(images, put(store, at, fmt, value), says)


@pytest.mark.parametrize("index, old, new, says", ENTRIES)
def test_bad_exception(forty, index, old, new, says):
    images, store = forty
    refused(images, put(store, model.entry(1, index), "<2Q", old, new), says)


def test_short_stores(forty):
    images, store = forty
    refused(images, b"", "it is too short to be a store")
    refused(images, store[:95], "it is too short to be a store")
    refused(images, store[:512], "metadata area 0 lies past the end of the store")
    refused(images, store[:34 * 512], "metadata area 1 lies past the end of the store")
    refused(images, store[:-1], "exception 39: new chunk 42 lies outside the store")
    refused(images, bytes(len(store)), "its header is all zeros")


def test_origin_too_small(forty):
    images, store = forty
    images.file("s", store)
    bad("store", "check", "--origin-bytes", 78 * 512, "s", cwd=images.directory,
        says="cannot use store s: exception 39: old chunk 78 lies outside the origin")
    good("store", "check", "--origin-bytes", 78 * 512 + 1, "s", cwd=images.directory)
