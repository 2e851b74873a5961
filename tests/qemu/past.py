# SPDX-License-Identifier: MIT
"""The programs of an earlier version, built from the history with the libraries of this one."""
import subprocess

from artefacts import BUILD, TOP

VERSION_1 = "fcb01f4"       # the last commit that knew version 1 of the record only
ROOMS = {
    "init": "base storage state cow conf decide map update handoff init".split(),
    "cowboot": "base storage state cow conf decide map update bundle recovery cli".split(),
}
FLAGS = ("-std=gnu11 -D_GNU_SOURCE= -D_FILE_OFFSET_BITS=64 -Os -ffunction-sections -fdata-sections -w -s "
         "-Wl,--gc-sections -Wl,--build-id=none -Wl,-z,norelro").split()


def programs():
    """{"init": path, "cowboot": path} of version 1; None where there is no history."""
    home = BUILD / "tests/versions" / VERSION_1
    if not (home / "VERSION").exists():
        archive = subprocess.run(["git", "-C", TOP, "archive", VERSION_1, "src", "VERSION"],
                                 capture_output=True, check=False)
        if archive.returncode:
            return None
        home.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "-x", "-C", home], input=archive.stdout, check=True)
    src, arm64 = home / "src", BUILD / "arm64"
    version = (home / "VERSION").read_text().strip()
    for name, rooms in ROOMS.items():
        if (home / name).exists():
            continue
        sources = [file for room in rooms for file in sorted((src / room).glob("*.c"))]
        libraries = [arm64 / f"lib/lib{lib}.a" for lib in ("devmapper", "zstd", "sodium")]
        new = home / f"new-{name}"
        subprocess.run([arm64 / "musl-gcc", *FLAGS, f"-I{src}", f'-DCOWBOOT_VERSION="{version}"', "-isystem",
                        arm64 / "include", "-o", new, *sources, *libraries], check=True)
        new.replace(home / name)
    return {name: home / name for name in ROOMS}
