# SPDX-License-Identifier: MIT
"""The menu of recovery as a person at the serial line sees it, and the sticks they bring."""
import os
import subprocess

import disk
from disk import MIB

PROMPT = r"(?:[\w-]+ )?recovery: number or word\? "
SCREEN = r"(?s)\*\*\* cowboot: recovery \*\*\*(.*?)" + PROMPT


def screen(b, timeout=60):
    """Waits for the whole menu; its text."""
    return b.wait_for(SCREEN, timeout).group(1).decode(errors="replace").replace("\r", "")


def refused(text):
    """{word: why} of what the screen says cannot be chosen."""
    lines = [line.split(None, 2) for line in text.splitlines() if line.startswith("   -  ")]
    return {word: why.removeprefix("not now: ") for _, word, why in lines}


def offered(text):
    """The words that can be chosen."""
    lines = [line.split() for line in text.splitlines()]
    return {w[1] for w in lines if len(w) > 2 and w[0].isdigit()}


def choose(b, word, *answers, timeout=90):
    """Types a choice and the answers to its questions; what it printed until Enter is asked for."""
    begin = b.serial.at
    b.type(word + "\r")
    for answer in answers:
        b.wait_for(r"\? |to do it: ", timeout)
        b.type(answer + "\r")
    b.wait_for("Enter goes on: ", timeout)
    out = bytes(b.serial.data[begin:b.serial.at]).decode(errors="replace").replace("\r", "")
    b.type("\r")
    return out


def paged(b, word, timeout=90):
    """The same for a choice that shows more than a screenful."""
    begin = b.serial.at
    b.type(word + "\r")
    while b.wait_for("Enter goes on: |Enter: more", timeout).group(0) == b"Enter: more":
        b.type("\r")
    out = bytes(b.serial.data[begin:b.serial.at]).decode(errors="replace").replace("\r", "")
    b.type("\r")
    return out


def make_stick(path, files, fs="vfat", size_mib=40, label="STICK", links=()):
    """A stick without a partition table, with these files ({name: bytes or Path}) at its top; on ext4 also
    links ((name, target))."""
    how = {"check": True, "stdout": subprocess.DEVNULL, "env": os.environ | disk.EPOCH}
    disk.make_zeros(path, size_mib * MIB)
    tree = path.with_suffix(".d")
    tree.mkdir()
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.read_bytes()
        (tree / name).write_bytes(data)
    for name, target in links:
        (tree / name).symlink_to(target)
    if fs == "vfat":
        subprocess.run(["/sbin/mkfs.vfat", "-n", label, path], **how)
        for name in files:
            subprocess.run(["mcopy", "-i", path, tree / name, f"::{name}"], **how)
    elif fs == "exfat":
        assert not files        # nothing here puts one into it without a mount
        subprocess.run(["/sbin/mkfs.exfat", "-L", label, path], **how)
    else:
        subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-L", label, "-d", tree, path],
                       **how)
    return path


def stick_files(path, folder):
    """{name: bytes} of a folder on a vfat stick."""
    out = subprocess.run(["mdir", "-b", "-i", path, f"::{folder}"], check=True,
                         capture_output=True, text=True).stdout
    names = [line.rsplit("/", 1)[1] for line in out.split("\n") if line]
    return {name: subprocess.run(["mtype", "-i", path, f"::{folder}/{name}"], check=True,
                                 capture_output=True).stdout for name in names}
