# SPDX-License-Identifier: MIT
"""The crash suite's own parts, tested without a guest."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "qemu"), str(HERE.parents[1] / "qemu")]
sys.dont_write_bytecode = True
