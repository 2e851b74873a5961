# SPDX-License-Identifier: MIT
"""The one disk that all cycles run on: as boards see it (a file store, a raw store), and as the
host looks at it in between. The user's files on data come and go, so that its file system ages; an
update may change none.
"""
import hashlib
import shutil
import subprocess

import judge
import kept
from lifetime import SYSTEM_BLOCKS, VENDOR_BLOCKS, Life
from machine import Machine

VOLUMES = {"system": SYSTEM_BLOCKS, "vendor": VENDOR_BLOCKS}
USER_FILES_MAX, USER_BLOCKS_MAX = 150, 1900
STORES = ("file", "cow")
TRIES = 2


class Recorded(Machine):
    """A board that keeps a log of what its disk does, beside its console."""

    def vm(self, where, disk, log=None, **more):
        return super().vm(where, disk, log or where / "writes.log", **more)


def boards(cache, images, device):
    """{store: a board}; they differ in their configuration, and share the disk of the raw store."""
    made = {store: Recorded(cache, images, Life("endurance", None, store=store, vendor=True,
                                                conf=f"tries {TRIES}\n"), device)
            for store in STORES}
    for board in made.values():
        board.files, board.sizes, board.parts = (made["cow"].files, made["cow"].sizes,
                                                 made["cow"].parts)
    return made


def _debugfs(path, *commands, write=True):
    run = subprocess.run(["/sbin/debugfs", *["-w"] * write, "-f", "-", path], text=True, check=True,
                         input="".join(f"{c}\n" for c in commands), capture_output=True)
    said = [line for line in run.stderr.splitlines()[1:] if line]  # the first is its version
    if said:
        raise RuntimeError(f"debugfs: {said}")
    return run.stdout


def _sums(contents):
    return {v: hashlib.md5(content).hexdigest() for v, content in contents.items()}


def fsck(path):
    """What e2fsck -fn says against an ext4 image, or None."""
    run = subprocess.run(["/sbin/e2fsck", "-fn", path], text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
    return run.stdout.strip() if run.returncode else None


class Ground:
    """The disk (a file) and what is known of it. files: {name: (blocks, MD5)} of the user's; version:
    what is installed; before: (version, {volume: MD5}) of what is kept, or None."""

    def __init__(self, machine, disk, scratch):
        self.machine, self.disk, self.files = machine, disk, {}
        self.version, self.before = "old", None
        self.data = scratch / "data.img"

    def part(self, label):
        return self.machine.part(self.disk, label)

    def take_data(self):
        """A copy of data's file system, to be looked at or changed; its path."""
        self.data.write_bytes(self.part("data"))
        return self.data

    def put_data(self):
        """Writes that copy back."""
        with open(self.disk, "r+b") as f:
            f.seek(self.machine.parts["data"][0])
            f.write(self.data.read_bytes())

    def begin(self):
        """Makes the disk anew."""
        self.machine.write_disk(self.disk)
        self._change(["mkdir cowboot"])

    def clean_blocks(self):
        """Free blocks of data, but for what is kept there."""
        return judge.clean_blocks(self.take_data())

    def systems(self):
        """{version: {volume: its bytes}} of what is installed, and of what is kept, or raises Wrong."""
        found = {self.version: {v: self.part(v) for v in VOLUMES}}
        is_kept = judge.kept_in(self.part("meta"))
        if self.before:
            version, sums = self.before
            found[version] = kept.shows(is_kept, self.part, VOLUMES)
            if is_kept.version != version or _sums(found[version]) != sums:
                raise kept.Wrong(f"what is kept is not {version}")
        return found

    def store_of_before(self):
        """Where what is kept lies, as the configuration names it: a board that has since lost the partition for
        stores from its configuration cannot go back, and says so."""
        return "file" if judge.kept_in(self.part("meta")).place == "data" else "cow"

    def went_to(self, version, content_before, is_kept):
        """A cycle is over: what is installed now, and, where something is kept, what that holds."""
        self.version = version
        self.before = (is_kept.version, _sums(content_before)) if is_kept else None

    def age(self, rng):
        """The user deletes some files of data, and writes as many as there is room for."""
        gone = rng.sample(sorted(self.files), rng.randint(0, len(self.files) // 4))
        commands = [f"rm {name}" for name in gone]
        for name in gone:
            del self.files[name]
        used = sum(blocks for blocks, _ in self.files.values())
        while len(self.files) < USER_FILES_MAX:
            blocks = int(64 ** rng.random())
            used += blocks
            if used > USER_BLOCKS_MAX:
                break
            commands.append(self._new_file(rng, f"u{rng.getrandbits(28):07x}", blocks))
        self._change(commands)

    def _new_file(self, rng, name, blocks):
        content = rng.randbytes(blocks * 4096)
        source = self.data.with_name(name)
        source.write_bytes(content)
        self.files[name] = (blocks, hashlib.md5(content).hexdigest())
        return f"write {source} {name}"

    def clear(self):
        """The user deletes all files."""
        self._change([f"rm {name}" for name in self.files])
        self.files = {}

    def _change(self, commands):
        _debugfs(self.take_data(), *commands)
        self.put_data()
        for left in self.data.parent.glob("u*"):
            left.unlink()

    def wrong_files(self):
        """What is wrong with what lies on data, or None."""
        where = self.take_data().with_name("dump")
        shutil.rmtree(where, ignore_errors=True)
        where.mkdir()
        _debugfs(self.data, *(f"dump {name} {where / name}" for name in self.files), write=False)
        for name, (_, digest) in self.files.items():
            if hashlib.md5((where / name).read_bytes()).hexdigest() != digest:
                return f"the user's {name} on data has changed"
        shutil.rmtree(where)
        return None

    def frame(self):
        """A digest of all that no update may touch: the partition table and the boot slots."""
        holds = sorted(self.machine.parts[v] for v in ("meta", "data", "cow", *VOLUMES))
        data, at, frame = self.disk.read_bytes(), 0, hashlib.md5()
        for start, size in holds:
            frame.update(data[at:start])
            at = start + size
        frame.update(data[at:])
        return frame.hexdigest()
