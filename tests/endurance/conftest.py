# SPDX-License-Identifier: MIT
"""The endurance run's own parts, tested without a guest."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path[:0] = [str(HERE), str(TOP / "tests/crash"), str(TOP / "tests/qemu"), str(TOP / "qemu")]
sys.dont_write_bytecode = True
