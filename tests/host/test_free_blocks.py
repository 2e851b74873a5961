# SPDX-License-Identifier: MIT
"""cowboot bundle create NAME=OLD:NEW:RESULT: the free blocks of an ext4 stay as OLD has them, and nothing else
does.  What is free is read from dumpe2fs, another program than ours."""

import hashlib
import json
import os
import random
import re
import shutil
import subprocess

import pytest

from cowboot import run, usage, DONE, FAILED

MIB = 1 << 20
CREATE = ["bundle", "create", "--version", "2", "-o", "b"]
NOT_LEFT = "cannot leave out free blocks of new: "


def told(*words, code=DONE, cwd):
    """Standard output, and standard error without the progress that a slow machine tells."""
    done = run(*words, cwd=cwd)
    lines = [line for line in done.stderr.decode().splitlines() if not re.match("cowboot: (packing|copying): ", line)]
    assert done.returncode == code, lines
    return done.stdout.decode(), lines


def good(*words, cwd):
    said, lines = told(*words, cwd=cwd)
    assert not lines
    return said


def bad(*words, cwd, says, code=FAILED):
    assert told(*words, code=code, cwd=cwd) == ("", [f"cowboot: {says}"])


def tool(*words, **more):
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more).stdout


def debugfs(image, *deeds):
    for deed in deeds:
        tool("/sbin/debugfs", "-w", "-R", deed, image)


def tree(where, seed, files):
    noise = random.Random(seed)
    where.mkdir()
    for number in range(files):
        (where / f"file-{number}").write_bytes(random.Random(number).randbytes(noise.randrange(8000)))
    (where / "sparse").write_bytes(b"begin")
    os.truncate(where / "sparse", MIB)
    (where / "link").symlink_to("x" * 200)


def make(place, name, seed, size, options):
    """An image made afresh from a tree, in which large files were deleted since."""
    tree(place / f"{name}.tree", seed, 20 + 7 * seed)
    tool("/sbin/mke2fs", "-q", "-F", "-t", "ext4", *options, "-d", f"{name}.tree", name, size, cwd=place)
    (place / "large").write_bytes(random.Random(seed).randbytes(MIB))
    debugfs(place / name, f"write {place}/large gone", "rm gone")


@pytest.fixture
def pair(tmp_path):
    def made(*options, old_size="12M", new_size="12M"):
        make(tmp_path, "old", 1, old_size, ())
        make(tmp_path, "new", 2, new_size, options)
        return tmp_path
    return made


def free_bytes(image):
    """Which bytes of an image lie in free blocks: a list of (begin, end)."""
    said = tool("/sbin/dumpe2fs", image).decode()
    size = int(re.search(r"Block size: +(\d+)", said)[1])
    ranges = [part.split("-") for line in re.findall(r"^  Free blocks: (.*)$", said, re.M)
              for part in line.split(", ") if part.strip()]
    return [(int(part[0]) * size, (int(part[-1]) + 1) * size) for part in ranges]


def expected(place):
    old, new = (place / "old").read_bytes(), bytearray((place / "new").read_bytes())
    for begin, end in free_bytes(place / "new"):
        end = min(end, len(old))
        if begin < end:
            new[begin:end] = old[begin:end]
    return bytes(new)


def files_of(image, folder):
    folder.mkdir()
    tool("/sbin/debugfs", "-R", f"rdump / {folder}", image)
    got = {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() and not path.is_symlink() else
           os.readlink(path) if path.is_symlink() else b"" for path in folder.rglob("*")}
    shutil.rmtree(folder)
    return got


def is_right(place, *options):
    """Makes a bundle with a result, and the one without; gives what each of them says and changes."""
    plain = good(*CREATE, *options, "s=old:new", cwd=place)
    before = json.loads(good("bundle", "info", "--json", "b", cwd=place))["volumes"][0]
    said = good(*CREATE, *options, "s=old:new:result", cwd=place)
    after = json.loads(good("bundle", "info", "--json", "b", cwd=place))["volumes"][0]
    result = (place / "result").read_bytes()
    assert result == expected(place)
    assert after["new_blake2b"] == hashlib.blake2b(result, digest_size=32).hexdigest()
    tool("/sbin/e2fsck", "-fn", place / "result")
    assert files_of(place / "result", place / "x") == files_of(place / "new", place / "x")
    return plain, before, said, after


KINDS = {
    "as mke2fs makes small ones": [],
    "blocks of 4 KiB": ["-b", "4096"],
    "blocks of 2 KiB, no 64 bit": ["-b", "2048", "-O", "^64bit"],
    "without checksums": ["-O", "^metadata_csum,^uninit_bg"],
    "ext2": ["-O", "^extent,^64bit,^has_journal,^metadata_csum", "-b", "1024"],
    "metadata in each group": ["-O", "^flex_bg", "-b", "1024"],
    "meta_bg": ["-O", "meta_bg,^resize_inode", "-b", "1024"],
    "two superblocks": ["-O", "sparse_super2", "-b", "1024"],
    "inline data": ["-O", "inline_data", "-I", "256"],
    "as the demo's": ["-b", "4096", "-m", "0", "-O", "^has_journal,^resize_inode"],
    "room to grow": ["-E", "resize=400M", "-b", "1024"],
    "orphan file": ["-O", "orphan_file"],
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(pair, kind):
    _, before, _, after = is_right(pair(*KINDS[kind]))
    assert after["exceptions"] + MIB // 8192 < before["exceptions"]


@pytest.mark.parametrize("options", [["--delta"], ["--chunk-sectors", "1"], ["--chunk-sectors", "32"],
                                     ["--chunk-sectors", "256", "--delta"]])
def test_options(pair, options):
    _, before, _, after = is_right(pair(), *options)
    assert after["exceptions"] < before["exceptions"]


@pytest.mark.parametrize("old, new", [("8M", "12M"), ("12M", "8M"), ("8M", "300M")])
def test_sizes(pair, old, new):
    is_right(pair(old_size=old, new_size=new))


def test_groups_that_were_never_used(pair):
    """Their bitmaps are not on the disk; where OLD holds something, it stays."""
    place = pair(old_size="300M", new_size="300M")
    assert "BLOCK_UNINIT" in tool("/sbin/dumpe2fs", place / "new").decode()
    with open(place / "old", "r+b") as old:
        for at in range(130 * MIB, 260 * MIB, 4 * MIB):
            old.seek(at)
            old.write(os.urandom(65536))
    _, before, _, after = is_right(place)
    assert after["exceptions"] + 30 * 16 < before["exceptions"]


def test_what_it_says(pair):
    place = pair()
    plain, before, said, after = is_right(place)
    left = (before["exceptions"] - after["exceptions"]) * 4096
    assert f"\ns: {left} bytes of that are free blocks; s=OLD:NEW:RESULT leaves them out\n" in plain
    assert (f"\ns: {left} bytes of free blocks left out; the board will have result, and the next update is made "
            "from that\n") in said


def test_an_update_of_the_old_image_says_nothing(pair):
    place = pair()
    shutil.copy(place / "old", place / "new")
    (place / "small").write_bytes(b"new")
    debugfs(place / "new", "rm file-3", f"write {place}/small small")
    assert "free" not in good(*CREATE, "s=old:new", cwd=place)


def test_the_result_is_the_base_of_the_next(pair):
    place = pair()
    good(*CREATE, "s=old:new:result", cwd=place)
    good("store", "create", "old", "result", "-o", "store", cwd=place)
    good("store", "apply", "old", "store", "-o", "board", cwd=place)
    assert (place / "board").read_bytes() == (place / "result").read_bytes()
    bad(*CREATE, "s=board:new:again", cwd=place, code=2, says="no bundle made: NEW is OLD, byte for byte")


# ---- Where nothing can be left out -------------------------------------------------------------

def refused(place, says, *words):
    before = sorted(os.listdir(place))
    bad(*CREATE, *(words or ["s=old:new:result"]), cwd=place, says=says)
    assert sorted(os.listdir(place)) == before


def test_clusters(pair):
    refused(pair("-O", "bigalloc", "-C", "16384"), NOT_LEFT + "its ext4 has clusters (bigalloc)")


def test_not_clean(pair):
    place = pair()
    debugfs(place / "new", "ssv state 0")
    refused(place, NOT_LEFT + "its ext4 does not say that it is clean; run e2fsck -f on it")
    assert "free" not in good(*CREATE, "s=old:new", cwd=place)


def test_bitmaps_that_lie(pair):
    place = pair()
    blocks = tool("/sbin/debugfs", "-R", "blocks /file-9", place / "new").split()
    debugfs(place / "new", f"freeb {blocks[0].decode()}")
    refused(place, NOT_LEFT + "its ext4 calls 1 blocks free that are in use; run e2fsck -f on it")


def test_a_tree_of_digests_behind_it(pair):
    """dm-verity's covers free blocks too."""
    place = pair()
    with open(place / "new", "ab") as new:
        new.write(bytes(70000))
    is_right(place)
    with open(place / "new", "ab") as new:
        new.write(b"\1")
    refused(place, NOT_LEFT + f"there is something behind its ext4, at byte {12 * MIB}")


def test_cut_short(pair):
    place = pair()
    os.truncate(place / "new", 11 * MIB)
    refused(place, NOT_LEFT + "its ext4 is longer than the image")


def test_damaged_bitmap(pair):
    place = pair()
    at = int(re.search(r"Block bitmap at (\d+)", tool("/sbin/dumpe2fs", place / "new").decode())[1]) * 1024
    with open(place / "new", "r+b") as new:
        new.seek(at + 9)
        new.write(b"\x5a")
    _, lines = told(*CREATE, "s=old:new:result", cwd=place, code=FAILED)
    assert len(lines) == 1 and lines[0].startswith("cowboot: " + NOT_LEFT + "its ext4 cannot be read (")
    assert not {"b", "result"} & set(os.listdir(place))


def test_other_file_systems(images):
    images.pair("s", 800, [3])
    bad(*CREATE, "s=s.old:s.new:r", cwd=images.directory,
        says="cannot leave out free blocks of s.new: it is no ext4")
    assert sorted(os.listdir(images.directory)) == ["s.new", "s.old"]


def test_nothing_is_left_of_what_failed(pair):
    place = pair()
    refused(place, "cannot write new: it is new, which is read; give the output another name", "s=old:new:new")
    refused(place, "cannot write no/r: No such file or directory", "s=old:new:no/r")
    # Both outputs under one name: what is there last is the bundle's, so nothing is.
    bad("bundle", "create", "--version", "2", "-o", "r", "s=old:new:r", cwd=place,
        says="cannot create r: cannot write r: it is r, which is read; give the output another name")
    assert "r" not in os.listdir(place)


def test_nothing_differs(pair):
    place = pair()
    shutil.copy(place / "old", place / "new")
    bad(*CREATE, "s=old:new:result", cwd=place, code=2, says="no bundle made: NEW is OLD, byte for byte")
    assert "result" not in os.listdir(place)


@pytest.mark.parametrize("word", ["s=old:new:", "s=old::r", "s=old:new:r:x"])
def test_words(pair, word):
    usage(*CREATE, word, cwd=pair(), says=f"'{word}' is not NAME=OLD:NEW[:RESULT]",
          see="cowboot bundle --help")
