# SPDX-License-Identifier: MIT
"""The lab of `make bench`, for the guards of `make check`."""
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path[:0] = [str(HERE), str(TOP / "tests/qemu"), str(TOP / "qemu")]
sys.dont_write_bytecode = True

from lab import Lab  # noqa: E402


@pytest.fixture(scope="session")
def lab():
    return Lab()
