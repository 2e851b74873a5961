# SPDX-License-Identifier: MIT
"""Images that the tests of the host's cowboot share; each test has a directory of its own."""

import os
import random

import pytest

SECTOR = 512


def pytest_runtest_setup(item):
    if item.get_closest_marker("root") and os.geteuid():
        pytest.skip("only root can do this")


class Images:
    """old and new of some volumes, as bytes and as files in a directory."""

    def __init__(self, directory):
        self.directory = directory
        self.random = random.Random(20191015)

    def file(self, name, data):
        path = self.directory / name
        path.write_bytes(data)
        return path

    def noise(self, size):
        return self.random.randbytes(size)

    def pair(self, name, sectors, changed=(), chunk_sectors=8):
        """NAME.old of noise, and NAME.new that differs in one byte of each changed chunk."""
        old = self.noise(sectors * SECTOR)
        new = bytearray(old)
        for chunk in changed:
            new[chunk * chunk_sectors * SECTOR + chunk % SECTOR] ^= 0xFF
        self.file(f"{name}.old", old)
        self.file(f"{name}.new", bytes(new))
        return old, bytes(new)


@pytest.fixture
def images(tmp_path):
    return Images(tmp_path)
