# SPDX-License-Identifier: MIT
"""What configs/architectures says of the processors that are built for: COWBOOT_ARCH in the environment, or arm64."""
import functools
import subprocess
from pathlib import Path


@functools.cache
def of(word):
    """Its column WORD."""
    tool = Path(__file__).resolve().parent.parent / "configs/arch"
    return subprocess.run([tool, word], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
