# SPDX-License-Identifier: MIT
"""What a kernel does with a snapshot: one board for nearly all experiments of a run, and one of
its own for each that may end in a panic. KERNEL=5.10 in the environment asks another kernel.

    guest     the board, up (guest.py)
    doomed    doomed(): another one, just started, that resets at the first oops
    check     check(store, origin_bytes): what `cowboot store check` says of these bytes
    agree     agree(table, columns, rows): what was measured is what docs/kernel-behaviour.md says
    stores    stores(chunk_bytes, n): a store of n exceptions as `cowboot store create` writes it

What is measured is in build/tests/kernel-KERNEL.json too: tables.py writes the document's tables
from there. The consoles of a run that failed are in build/tests/run/kernel-KERNEL.
"""
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path[:0] = [str(HERE), str(TOP / "tests/qemu"), str(TOP / "qemu")]
sys.dont_write_bytecode = True

import artefacts  # noqa: E402
import tables  # noqa: E402
from artefacts import BUILD, KERNEL, Cache, Images, whole  # noqa: E402
from disk import MIB, Part  # noqa: E402
from guest import Guest  # noqa: E402
from stores import SECTOR_BYTES, chunk  # noqa: E402
from tiny import image as tiny_image  # noqa: E402
from vm import CMDLINE  # noqa: E402

KERNEL_IMAGE = BUILD / f"kernels/{KERNEL}/Image"
HOST_COWBOOT = BUILD / "host/cowboot"
HOME = BUILD / "tests/run" / f"kernel-{KERNEL}"


@pytest.fixture(scope="session")
def cache():
    if not KERNEL_IMAGE.exists():
        pytest.exit(f"{KERNEL_IMAGE} is missing: make kernel KERNEL={KERNEL}", 2)
    return Cache(BUILD / "tests/cache")


def _tool(cache, name, *more):
    """A program of this folder, for the guest."""
    source, compiler = HERE / f"{name}.c", BUILD / "arm64/musl-gcc"

    def make(out):
        flags = "-std=c11 -D_GNU_SOURCE -Os -Wall -Wextra -Werror -s".split()
        subprocess.run([compiler, *flags, "-isystem", BUILD / "arm64/include", "-o", out, source,
                        *more], check=True)
    return cache.get(name, make, compiler, source, *more)


@pytest.fixture(scope="session")
def make_guest(request, cache):
    images = Images(cache, tiny_image.programs(BUILD))
    initrd = artefacts.initramfs(cache, artefacts.configuration("", None, "file", None))
    parts = [Part("boot_a", MIB), Part("boot_b", MIB), Part("meta", MIB),
             whole("system", images.old()), whole("data", images.data()),
             whole("spare", images.volume())]
    base = artefacts.base_disk(cache, parts, SECTOR_BYTES, False)
    tools = [_tool(cache, "dm", BUILD / "arm64/lib/libdevmapper.a"), _tool(cache, "chunks")]
    shutil.rmtree(HOME, ignore_errors=True)
    made = []

    def make(append="", **options):
        home = HOME / str(len(made))
        home.mkdir(parents=True)
        disk = home / "disk.img"
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", base, disk], check=True)
        made.append(Guest(home, base=disk, tools=tools, kernel=KERNEL_IMAGE, initrd=initrd,
                          append=f"{CMDLINE} {append}".strip(), **options))
        made[-1].start()
        return made[-1]

    yield make
    for g in made:
        g.kill()
    if not request.session.testsfailed:
        shutil.rmtree(HOME)


@pytest.fixture(scope="session")
def shared_guest(make_guest):
    return make_guest()


@pytest.fixture
def guest(shared_guest):
    yield shared_guest
    shared_guest.unmap()


@pytest.fixture
def doomed(make_guest):
    made = []

    def make():
        made.append(make_guest("oops=panic", no_reboot=True))
        return made[-1]
    yield make
    for g in made:
        g.kill()


@pytest.fixture
def agree():
    """A table is as documented. With PARTS it stands there as several, which are narrower:
    {what comes behind its name: the columns, the first one left out}."""
    def compare(table, columns, rows, parts=None):
        answers = columns[1:]
        split = {f"{table}-{part}": names for part, names in (parts or {}).items()}
        measured = {}
        for name, names in (split or {table: answers}).items():
            at = [answers.index(column) for column in names]
            measured[name] = {what: [row[i] for i in at] for what, row in rows.items()}
            tables.keep(BUILD, KERNEL, name, columns[:1] + names, measured[name])
        assert {name: tables.documented(name, KERNEL) for name in measured} == measured
    return compare


@pytest.fixture
def check(tmp_path):
    """What `cowboot store check` says of a store: "sound", or why not."""
    def run(data, origin_bytes):
        path = tmp_path / "store"
        path.write_bytes(data)
        done = subprocess.run([HOST_COWBOOT, "store", "check", "--origin-bytes", str(origin_bytes),
                               path], text=True, capture_output=True)
        if not done.returncode:
            return "sound"
        return done.stderr.split(": ", 2)[2].splitlines()[0]
    return run


@pytest.fixture(scope="session")
def stores(cache):
    """Its OLD is empty, its NEW are n labelled chunks: holes on the host, but for the labels."""
    def make(chunk_bytes, n):
        def run(out):
            for name, filled in (("old", 0), ("new", n)):
                with open(f"{out}.{name}", "wb") as f:
                    for number in range(filled):
                        f.seek(number * chunk_bytes)
                        f.write(chunk("NEW", number, 16))
                    f.truncate(n * chunk_bytes)
            pair = Path(f"{out}.old"), Path(f"{out}.new")
            create = [HOST_COWBOOT, "store", "create", "--chunk-sectors",
                      str(chunk_bytes // SECTOR_BYTES), *pair, "-o", "-"]
            with subprocess.Popen(create, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as p:
                subprocess.run(["cp", "--sparse=always", "/dev/stdin", out], stdin=p.stdout,
                               check=True)
            assert p.returncode == 0
            for path in pair:
                path.unlink()
        return cache.get("labelled.store", run, HOST_COWBOOT, chunk_bytes, n)
    return make
