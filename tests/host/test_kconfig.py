# SPDX-License-Identifier: MIT
"""configs/check-kconfig: what a kernel lacks, and why it is needed; and the fragments themselves."""
import gzip
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
TOOL, FRAGMENTS = TOP / "configs/check-kconfig", TOP / "configs/kconfig"
KERNELS = TOP / "build/kernels"
ALL = sorted(path.stem for path in FRAGMENTS.glob("*.config"))


def check(*args):
    """(exit code, standard output, standard error)"""
    run = subprocess.run([TOOL, *args], text=True, capture_output=True)
    return run.returncode, run.stdout, run.stderr


@pytest.fixture
def write(tmp_path):
    def make(name, text):
        path = tmp_path / name
        path.write_text(text)
        return path
    return make


# ---- Debian's kernels ----------------------------------------------------------------------------

# What Debian's kernel really lacks; all else must be there.
LACKS = {
    ("5.10", "qemu-virt"): ["I6300ESB_WDT"],
    ("5.10", "ti-k3"): ["ARCH_K3", "TI_MESSAGE_MANAGER", "TI_SCI_PROTOCOL", "TI_SCI_PM_DOMAINS",
                        "TI_SCI_CLK", "SERIAL_8250_OMAP", "MMC_SDHCI_AM654", "K3_RTI_WATCHDOG"],
    ("5.10", "imx8m"): ["IMX2_WDT"],
}


@pytest.mark.parametrize("kernel", ["5.10", "6.1", "6.12", "7.3", "7.3-16k"])
@pytest.mark.parametrize("fragment", ALL)
def test_debian(kernel, fragment):
    config = KERNELS / kernel / "config"
    code, out, _ = check(config, fragment)
    found = re.findall(r"^(needed|wanted)  CONFIG_(\w+)", out, re.M)
    assert [name for _, name in found] == LACKS.get((kernel, fragment), [])
    assert code == any(kind == "needed" for kind, _ in found)


@pytest.mark.parametrize("kernel", ["5.10", "6.1", "6.12", "7.3", "7.3-16k"])
def test_modules_of_the_fragments(kernel):
    """Every module that a fragment names is one of Debian's, or an option that Debian has not."""
    tree = next((KERNELS / kernel / "lib/modules").iterdir())
    have = {path.name.split(".ko")[0] for path in tree.glob("kernel/**/*.ko*")}
    have |= {Path(line).stem for line in (tree / "modules.builtin").read_text().split()}
    have = {name.replace("-", "_") for name in have}
    config = (KERNELS / kernel / "config").read_text()
    for path in FRAGMENTS.glob("*.config"):
        named = re.findall(r"# module: ([\w-]+).*\n(?:#.*\n)*(CONFIG_\w+)=", path.read_text())
        for module, option in named:
            assert module.replace("-", "_") in have or not re.search(f"^{option}=", config, re.M), \
                (path.name, module)


def test_boards():
    """Each board names fragments that are there, and Debian's kernel with its modules is enough."""
    for board in (TOP / "board").iterdir():
        if not (board / "kconfig").exists():
            continue
        words = re.sub(r"#.*", "", (board / "kconfig").read_text()).split()
        assert set(words) <= set(ALL)
        code, out, err = check(KERNELS / "6.1/config", "cowboot", *words, "--modules",
                               board / "modules")
        assert (code, err) == (0, ""), (board.name, out)


# ---- a made-up one -------------------------------------------------------------------------------

FRAGMENT = """# What this is.

# Packed so.
# or: CONFIG_GZIP
CONFIG_ZSTD=y

# Shows devices.
CONFIG_DEVTMPFS=y

# Maps.
# module: dm-mod always
CONFIG_DM=m
# module: dm-snap
CONFIG_SNAP=m

# Wanted: tells the time.
CONFIG_RTC=y
"""


@pytest.mark.parametrize("config, modules, said", [
    ("CONFIG_ZSTD=y\nCONFIG_DEVTMPFS=y\nCONFIG_DM=m\nCONFIG_SNAP=m\nCONFIG_RTC=y\n", "dm_snap", []),
    ("CONFIG_GZIP=y\nCONFIG_DEVTMPFS=y\nCONFIG_DM=y\nCONFIG_SNAP=y\nCONFIG_RTC=y\n", "", []),
    ("CONFIG_DEVTMPFS=y\nCONFIG_DM=m\nCONFIG_SNAP=m\nCONFIG_RTC=y\n", "-dm-snap # if there",
     ["needed  CONFIG_ZSTD or CONFIG_GZIP is not set", "        Packed so."]),
    ("# CONFIG_DEVTMPFS is not set\nCONFIG_ZSTD=y\nCONFIG_DM=m\nCONFIG_SNAP=m\n", "dm-snap",
     ["needed  CONFIG_DEVTMPFS is not set", "        Shows devices.",
      "wanted  CONFIG_RTC is not set", "        tells the time."]),
    ("CONFIG_ZSTD=y\nCONFIG_DEVTMPFS=m\nCONFIG_DM=m\nCONFIG_SNAP=m\nCONFIG_RTC=y\n", "other",
     ["needed  CONFIG_DEVTMPFS is a module, and must be built in", "        Shows devices.",
      "needed  CONFIG_SNAP is a module, and the board's list does not have it: dm-snap",
      "        Maps."]),
    ("CONFIG_ZSTD=y\nCONFIG_DEVTMPFS=y\nCONFIG_SNAP=m\nCONFIG_RTC=m\n", "dm-snap",
     ["needed  CONFIG_DM is not set", "        Maps.",
      "wanted  CONFIG_RTC is a module, and must be built in", "        tells the time."]),
])
def test_made_up(write, config, modules, said):
    where = write("config", config)
    code, out, err = check(where, write("made.config", FRAGMENT), "--modules",
                           write("modules", modules))
    needed = sum(line.startswith("needed") for line in said)
    assert code == (1 if needed else 0)
    lines = out.splitlines()
    if not needed:
        assert lines.pop().startswith(f"{where}: has all that is needed")
    assert lines == said
    assert (f"cowboot: {where}: {needed} needed option" in err) == bool(needed)


def test_packed(write, tmp_path):
    """As /proc/config.gz has it; without a board's list any module will do."""
    packed = tmp_path / "config.gz"
    packed.write_bytes(gzip.compress(b"CONFIG_ZSTD=y\nCONFIG_DEVTMPFS=y\nCONFIG_DM=m\n"
                                     b"CONFIG_SNAP=m\nCONFIG_RTC=y\n"))
    assert check(packed, write("made.config", FRAGMENT))[0] == 0


def test_bad_input(write, tmp_path):
    made = write("made.config", FRAGMENT)
    for args, why in [
        ((tmp_path / "none", made), "cannot read"),
        ((write("text", "hello\n"), made), "it is no kernel's configuration"),
        ((write("bytes", "CONFIG_A=y\n"), "nothing"), "cannot read"),
        ((write("bytes", "CONFIG_A=y\n"), write("a.config", "CONFIG_A=y\n")), "CONFIG_A has no reason"),
        ((write("bytes", "CONFIG_A=y\n"), write("b.config", "# Why.\nCONFIG_A=5\n")), "what is"),
    ]:
        code, out, err = check(*args)
        assert (code, out) == (1, "")
        assert err.startswith("cowboot: ") and why in err
