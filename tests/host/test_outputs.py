# SPDX-License-Identifier: MIT
"""An output is never one of the inputs, under whatever name; its mode is no reason to lose it."""

import os
import shutil
import subprocess

import pytest

from cowboot import PROGRAM, good, run, FAILED

def bundle(images, out, *more):
    return ["bundle", "create", "-o", out, "--version", "2", *more, "system=system.old:system.new"]


@pytest.fixture
def pair(images):
    images.pair("system", 400, [3])
    good("store", "create", "system.old", "system.new", "-o", "store", cwd=images.directory)
    shutil.copy(images.directory / "system.old", images.directory / "slot")
    return images


VERBS = {
    "bundle old": ("system.old", bundle), "bundle new": ("system.new", bundle),
    "bundle boot": ("slot", lambda images, out: bundle(images, out, "--boot", "slot")),
    "store old": ("system.old", lambda _, out: ["store", "create", "system.old", "system.new",
                                                "-o", out]),
    "apply old": ("system.old", lambda _, out: ["store", "apply", "system.old", "store", "-o", out]),
    "apply store": ("store", lambda _, out: ["store", "apply", "system.old", "store", "-o", out]),
}


@pytest.mark.parametrize("name", ["itself", "./itself", "link", "hard"])
@pytest.mark.parametrize("what", VERBS)
def test_an_output_that_is_an_input(pair, what, name):
    given, words = VERBS[what]
    path = pair.directory / given
    before = path.read_bytes()
    out = name.replace("itself", given)
    if name == "link":
        (pair.directory / name).symlink_to(given)
    elif name == "hard":
        (pair.directory / name).hardlink_to(path)
    done = run(*words(pair, out), cwd=pair.directory)
    assert done.returncode == FAILED
    assert f"cannot write {out}: it is {given}, which is read; give the output another name" in \
        done.stderr.decode()
    assert path.read_bytes() == before and (pair.directory / out).read_bytes() == before


@pytest.mark.parametrize("what", VERBS)
def test_standard_output_that_is_an_input(pair, what):
    given, words = VERBS[what]
    before = (pair.directory / given).read_bytes()
    with open(pair.directory / given, "ab") as out:
        done = subprocess.run([os.path.abspath(PROGRAM), *words(pair, "-")], cwd=pair.directory,
                              stdout=out, stderr=subprocess.PIPE, check=False)
    assert done.returncode == FAILED
    assert b"cannot write standard output: it is " in done.stderr
    assert (pair.directory / given).read_bytes() == before


def test_standard_output_that_is_closed(pair):
    command = f"exec {os.path.abspath(PROGRAM)} {' '.join(bundle(pair, '-'))} >&-"
    done = subprocess.run(["sh", "-c", command], cwd=pair.directory, stderr=subprocess.PIPE,
                          check=False)
    assert (done.returncode, done.stderr) == (
        FAILED, b"cowboot: cannot create the bundle: cannot write standard output: "
                b"Bad file descriptor\n")


def test_no_mode(pair):
    """As on FAT or CIFS of another owner."""
    source = pair.file("chmod.c", b"#include <errno.h>\nint fchmod(int f, unsigned m)"
                                  b"{ (void)f; (void)m; errno = EPERM; return -1; }\n")
    library = pair.directory / "chmod.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    said = good(*bundle(pair, "b"), cwd=pair.directory, env=os.environ | {"LD_PRELOAD": str(library)})
    assert said.endswith("b: version 2, 1 volume\n")
    good("bundle", "verify", "b", cwd=pair.directory)
