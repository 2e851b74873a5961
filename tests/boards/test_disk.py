# SPDX-License-Identifier: MIT
"""Boards that cannot all be started here: their disks, as `make BOARD=NAME` makes them, looked at
byte by byte; their boot loader's abilities; the drivers that their disk needs."""
import gzip
import re
import subprocess
import zlib
from pathlib import Path

import pytest

import gpt

TOP = Path(__file__).resolve().parents[2]
BUILD, KERNEL = TOP / "build", TOP / "build/kernels/6.1"
UBOOT = BUILD / "u-boot/usr/lib/u-boot"
# Those that U-Boot starts.
BOARDS = sorted(p.parent.name for p in TOP.glob("board/*/parts")
                if not (p.parent / "entry.conf").exists())

# Where the ROM of each kind of chip (a file of configs/kconfig) looks, and its first program after it.
PLACES = {"rockchip": {"idbloader.img": 64 * 512, "u-boot.itb": 16384 * 512},
          "imx8m": {"flash.bin": 33 * 1024}}
MAGIC = {"idbloader.img": bytes.fromhex("3b8cdcfcbe9f9d51"), "u-boot.itb": bytes.fromhex("d00dfeed")}
# U-Boot's configuration in Debian's package. There is none for i.MX.
CONFIGS = {"raspi3b": "u-boot-rpi/configs/config.rpi_3", "rpi4": "u-boot-rpi/configs/config.rpi_4",
           "rockpro64": "u-boot-rockchip/configs/config.rockpro64-rk3399"}
COMMANDS = {"setexpr": "SETEXPR", "itest": "ITEST", "crc32": "CRC32", "part": "PART", "mw": "MEMORY",
            "cmp": "MEMORY", "load": "FS_GENERIC", "booti": "BOOTI", "env": "IMPORTENV"}


def parts(board):
    lines = (TOP / "board" / board / "parts").read_text().splitlines()
    found = [line.split() for line in lines if line and not line.startswith("#")]
    return {word: [value for w, value in found if w == word] for word, _ in found}


def places(board):
    """{file: byte} of what lies on the disk and in no partition."""
    kinds = (TOP / "board" / board / "kconfig").read_text().split()
    return {name: at for kind in kinds for name, at in PLACES.get(kind, {}).items()}


@pytest.fixture(params=BOARDS)
def board(request):
    image = BUILD / request.param / "disk.img"
    assert image.exists(), f"run `make BOARD={request.param}` first"
    return request.param


def read(board, at, count):
    with open(BUILD / board / "disk.img", "rb") as f:
        f.seek(at)
        return f.read(count)


def from_fat(board, label, name):
    start = gpt.read(BUILD / board / "disk.img")[label][0]
    return subprocess.run(["mtype", "-i", f"{BUILD}/{board}/disk.img@@{start}", f"::{name}"],
                          check=True, capture_output=True).stdout


def test_every_board_has_its_files():
    assert len(BOARDS) >= 4
    for board in BOARDS:
        home = TOP / "board" / board
        for name in ("cowboot.conf", "modules", "kconfig", "genimage.cfg", "labgrid.yaml"):
            assert (home / name).exists(), f"board/{board}/{name}"
        assert f"board {board}\n" in (home / "cowboot.conf").read_text()


def test_partitions(board):
    """Both tables are good, no two partitions overlap, and those that cowboot.conf names are there."""
    image = BUILD / board / "disk.img"
    done = subprocess.run(["/sbin/sfdisk", "--verify", image], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    last = read(board, image.stat().st_size - 512, 92)
    assert last[:8] == b"EFI PART", "the second table is not at the end"
    assert zlib.crc32(last[:16] + bytes(4) + last[20:]) == int.from_bytes(last[16:20], "little")
    found = gpt.read(image)
    for (_, end), (start, _) in zip(*(lambda s: (s, s[1:]))(sorted((s, s + n) for s, n in found.values()))):
        assert start >= end
    conf = (TOP / "board" / board / "cowboot.conf").read_text()
    wanted = set(re.findall(r"PARTLABEL=(\w+)", conf))
    assert wanted == {"boot_a", "boot_b", "meta", "system", "data"} and wanted <= set(found)
    assert found["meta"][1] == 1 << 20 and not any(read(board, *found["meta"]))
    assert found["boot_a"][1] == found["boot_b"][1]


def test_loader(board):
    """What the chip starts lies where it looks, whole, and no partition is over it."""
    first, end = min(start for start, _ in gpt.read(BUILD / board / "disk.img").values()), 34 * 512
    for path in [UBOOT / name for name in parts(board).get("loader", [])]:
        data, at = path.read_bytes(), places(board).get(path.name)
        if at is None:
            assert from_fat(board, "loader", path.name) == data
            continue
        assert data.startswith(MAGIC[path.name]) and at >= end
        assert read(board, at, len(data)) == data
        end = at + len(data)
    assert end <= first
    for name in parts(board).get("loader-dtb", []):
        assert from_fat(board, "loader", Path(name).name) == (KERNEL / "dtb" / name).read_bytes()
    if "config.txt" in parts(board).get("own", []):
        assert b"kernel=u-boot.bin\n" in from_fat(board, "loader", "config.txt")
        entry = read(board, 446, 16)
        assert entry[4] == 0x0E and int.from_bytes(entry[8:12], "little") * 512 == first


@pytest.mark.parametrize("board", ["rpi4", "imx8mm-evk"], indirect=True)
def test_firmware(board, tmp_path):
    """What Debian doesn't have is put where it belongs, too."""
    names = parts(board)["firmware"]
    for n, name in enumerate(names):
        (tmp_path / name).write_bytes(bytes([n + 1]) * 700000)
    image = tmp_path / "disk.img"
    done = subprocess.run([TOP / "qemu/mkdisk", "-o", image, "--board", TOP / "board" / board,
                           "--firmware", tmp_path, "--data-mib", "16"], capture_output=True, text=True)
    assert done.returncode == 0 and "vendor" not in done.stderr, done.stderr
    if board == "imx8mm-evk":
        with open(image, "rb") as f:
            f.seek(places(board)["flash.bin"])
            assert f.read(700000) == (tmp_path / "flash.bin").read_bytes()
        return
    start = gpt.read(image)["loader"][0]
    for name in names:
        got = subprocess.run(["mtype", "-i", f"{image}@@{start}", f"::{name}"], capture_output=True)
        assert got.stdout == (tmp_path / name).read_bytes()


def test_slot(board):
    """A kernel for arm64, the board's initramfs, and every device tree of `parts`."""
    assert from_fat(board, "boot_a", "Image")[56:60] == b"ARM\x64"
    assert from_fat(board, "boot_a", "initramfs.img") == (BUILD / board / "initramfs.img").read_bytes()
    assert parts(board)["dtb"]
    for name in parts(board)["dtb"]:
        assert from_fat(board, "boot_a", f"dtb/{name}") == (KERNEL / "dtb" / name).read_bytes()


def test_script_is_one(board, tmp_path):
    """U-Boot's own tool takes boot.scr for a script with good sums."""
    (tmp_path / "boot.scr").write_bytes(from_fat(board, "loader", "boot.scr"))
    done = subprocess.run(["mkimage", "-l", tmp_path / "boot.scr"], capture_output=True, text=True)
    assert done.returncode == 0 and "AArch64 Linux Script" in done.stdout, done.stdout


@pytest.mark.parametrize("board", sorted(CONFIGS), indirect=True)
def test_loader_knows_the_commands(board):
    """Debian's U-Boot for the board has each command that its script uses, and finds its device tree."""
    config = gzip.decompress((BUILD / f"u-boot/usr/share/doc/{CONFIGS[board]}.gz").read_bytes()).decode()
    script = from_fat(board, "loader", "boot.scr").decode(errors="replace")
    used = {word for word in COMMANDS if re.search(rf"(^|[;'\t] ?|if |then |&& ){word}(\.\w)? ", script, re.M)}
    assert {"itest", "crc32", "part", "mw", "load", "booti"} <= used
    lacking = [word for word in used if f"CONFIG_CMD_{COMMANDS[word]}=y\n" not in config]
    assert not lacking, f"its U-Boot has no {lacking}"
    assert 'CONFIG_BOOTCOMMAND="run distro_bootcmd"' in config
    default = re.search(r'CONFIG_DEFAULT_FDT_FILE="(.+)"', config)
    assert not default or default.group(1) in parts(board)["dtb"]


def test_drivers_of_the_disk(board):
    """Every module that the disk's controller and its suppliers need is on the board's list."""
    dtb, disks = parts(board)["dtb"][0], parts(board)["disk"]
    done = subprocess.run([TOP / "configs/dtb-modules", "--modules", TOP / "board" / board / "modules",
                           dtb, *disks], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout, done.stdout + done.stderr


def addresses(board):
    """{name: address} as U-Boot has them when the script starts a slot: its own, then the board's."""
    found = {"scriptaddr": "43500000"} if board == "imx8mm-evk" else {}
    for name in parts(board).get("loader", []):
        text = (UBOOT / name).read_bytes().decode("latin-1")
        found |= dict(re.findall(r"\b(\w+_addr_r|scriptaddr)=(0x\w+)", text))
    for name in ("boot-first.cmd", "boot.cmd"):
        path = TOP / "board" / board / name
        text = path.read_text() if path.exists() else ""
        found |= dict(re.findall(r"setenv (\w+_addr_r) (0x\w+)", text))
        found |= {"pxefile_addr_r": at for at in re.findall(r"^setenv block (\w+)$", text, re.M)}
    return {name: int(at, 16) for name, at in found.items()}


@pytest.mark.parametrize("kernel", sorted(p.name for p in KERNEL.parent.iterdir()))
def test_nothing_overlaps_in_memory(board, kernel):
    """Kernel, where it is loaded and where it runs, script, scratch, device tree and initramfs."""
    image, at = KERNEL.parent / kernel / "Image", addresses(board)
    with open(image, "rb") as f:
        head = f.read(64)
    # U-Boot moves a kernel up to the next 2 MiB, and it needs more memory than its file has bytes.
    runs = -(-at["kernel_addr_r"] // (2 << 20)) * (2 << 20)
    end = max(at["kernel_addr_r"] + image.stat().st_size, runs + int.from_bytes(head[16:24], "little"))
    spans = [(at["kernel_addr_r"], end, "kernel"),
             (at["scriptaddr"], at["scriptaddr"] + 65536, "script"),
             (at["pxefile_addr_r"], at["pxefile_addr_r"] + 65536, "block and args.txt"),
             (at["fdt_addr_r"], at["fdt_addr_r"] + (1 << 20), "device tree"),
             (at["ramdisk_addr_r"], at["ramdisk_addr_r"] + (32 << 20), "initramfs")]
    spans.sort()
    for (_, end, first), (start, _, second) in zip(spans, spans[1:]):
        assert end <= start, f"{first} and {second}"
