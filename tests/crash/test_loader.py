# SPDX-License-Identifier: MIT
"""The boot loaders of the crash suite: which slot they start, and what they write."""
from types import SimpleNamespace

import esp
import loader
import pytest
from artefacts import Cache
from machine import DEVICES
from test_judge import golden, meta

PARTS = {"meta": (4096, 1 << 20), "esp": (4096 + (1 << 20), esp.ESP_BYTES)}


def boot_block(good, trial="\0", tries=0):
    data = loader.MAGIC + good.encode() + trial.encode() + bytes([tries])
    return loader.sealed(data.ljust(loader.BYTES, b"\0"))


def with_blocks(first, spare):
    data = bytearray(meta())
    for at, block in zip(loader.COPY_AT, (first, spare)):
        data[at:at + len(block)] = block
    return bytes(data)


def part(disk, label):
    at, size = PARTS[label]
    return disk.read_bytes()[at:at + size]


MACHINE = SimpleNamespace(part=part, parts=PARTS, device=DEVICES["virtio"])


@pytest.fixture
def disk(tmp_path):
    """disk(meta, esp=bytes): a disk with these."""
    def make(data, esp_bytes=b""):
        path = tmp_path / "disk"
        path.write_bytes(bytes(4096) + data + esp_bytes)
        return path
    return make


def test_the_golden_blocks():
    for name, chosen in (("good-b", ("b", False)), ("trial-b", ("b", True)),
                         ("spent", ("b", False))):
        block = golden(name, "bootblock")
        assert loader.chooses(with_blocks(block, block)) == chosen, name


def test_the_first_block_that_can_be_used_counts():
    assert loader.chooses(meta()) == ("a", False)
    assert loader.chooses(with_blocks(boot_block("b"), boot_block("a"))) == ("b", False)
    assert loader.chooses(with_blocks(b"x" * 512, boot_block("b"))) == ("b", False)
    assert loader.chooses(with_blocks(b"x" * 512, b"x" * 512)) == ("a", False)


def test_tries_are_counted_in_the_block(disk):
    block = loader.BlockLoader(MACHINE)
    path = disk(with_blocks(boot_block("a", "b", 2), boot_block("a", "b", 2)))
    for left in (1, 0):
        assert block.start(path) == "b"
        now = part(path, "meta")
        assert [now[at:at + 512] for at in loader.COPY_AT] == [boot_block("a", "b", left)] * 2
    assert block.start(path) == "a"


def test_the_block_at_rest(disk):
    block, good, tried = loader.BlockLoader(MACHINE), boot_block("b"), boot_block("a", "b", 1)
    assert block.at_rest(disk(with_blocks(good, good)), "new") is None
    assert block.at_rest(disk(meta()), "old") is None
    assert "starts slot b" in block.at_rest(disk(with_blocks(good, good)), "old")
    assert "differ" in block.at_rest(disk(with_blocks(good, boot_block("a"))), "new")
    assert "on trial" in block.at_rest(disk(with_blocks(tried, tried)), "new")


# ---- systemd-boot -------------------------------------------------------------------------------

@pytest.fixture
def efi(disk, tmp_path):
    """A disk with an ESP as it is made, and a loader for it."""
    program = tmp_path / "program"
    program.write_bytes(b"program a" * 1000)
    made = esp.make(Cache(tmp_path / "cache"), program, 512)
    return disk(meta(), made.read_bytes()), esp.EspLoader(MACHINE)


def put(path, name, text, tmp_path):
    (tmp_path / "file").write_text(text)
    esp.EspLoader(MACHINE)._tool(path, "mcopy", "-o", str(tmp_path / "file"), f"::/{name}")


def entry(slot, version):
    return f"version {version}\nefi /cowboot/{slot}.efi\noptions quiet cowboot.slot={slot}\n"


def test_the_first_entry(efi):
    path, sd_boot = efi
    assert sd_boot.next(path) == ("a", False) and sd_boot.start(path) == "a"
    assert sd_boot.holds(path, "a") == b"program a" * 1000
    assert sd_boot.at_rest(path, "old") is None
    assert "the boot entries are cowboot-a.conf" in sd_boot.at_rest(path, "new")


def test_tries_are_counted_in_names(efi, tmp_path):
    path, sd_boot = efi
    put(path, "loader/entries/cowboot-b+2.conf", entry("b", 2), tmp_path)
    for name in ("cowboot-b+1-1.conf", "cowboot-b+0-2.conf"):
        assert sd_boot.next(path) == ("b", True)
        assert sd_boot.start(path) == "b"
        assert {e.name for e in sd_boot.entries(path)} == {"cowboot-a.conf", name}
    assert sd_boot.start(path) == "a"
    assert part(path, "meta") == meta()


def test_an_entry_without_a_program_is_none(efi, tmp_path):
    path, sd_boot = efi
    for text in ("", entry("#", 2)):
        put(path, "loader/entries/cowboot-b+2.conf", text, tmp_path)
        assert sd_boot.next(path) == ("a", False)


def test_an_esp_that_leads_nowhere(efi, tmp_path):
    path, sd_boot = efi
    put(path, "loader/entries/cowboot-a.conf", "efi /cowboot/a.efi\n", tmp_path)
    with pytest.raises(esp.Lost, match="is no entry"):
        sd_boot.next(path)
    with open(path, "r+b") as f:
        f.seek(PARTS["esp"][0])
        f.write(bytes(512))
    with pytest.raises(esp.Lost, match="mdir"):
        sd_boot.next(path)
