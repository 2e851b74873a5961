# SPDX-License-Identifier: MIT
"""What makes a recording, and what was found with it, out of date."""
import subprocess
import sys
from pathlib import Path

import artefacts

HERE = Path(__file__).resolve().parent
SAY = """
import sys
sys.path[:0] = [{here!r}, {here!r} + "/../qemu", {here!r} + "/../../qemu"]
import lives, machine, recording
recording.BUILD = recording.Path({build!r})
print(recording.fingerprint(lives.LIVES["cancelled"], machine.DEVICES["sd"]))
"""


def fingerprint(build):
    for name in ("arm64/init", "arm64/cowboot", "arm64/toybox",
                 f"kernels/{artefacts.KERNEL}/Image"):
        (build / name).parent.mkdir(parents=True, exist_ok=True)
        if not (build / name).exists():
            (build / name).write_text(name)
    say = SAY.format(here=str(HERE), build=str(build))
    return subprocess.run([sys.executable, "-B", "-c", say], check=True, text=True,
                          capture_output=True).stdout


def test_another_run_goes_on_where_the_last_one_was(tmp_path):
    first = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == first
    (tmp_path / "arm64/init").write_text("another")
    assert fingerprint(tmp_path) != first
