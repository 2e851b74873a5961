# SPDX-License-Identifier: MIT
"""Running the host's cowboot, and saying exactly what it must print."""

import os
import pathlib
import re
import subprocess

PROGRAM = os.environ.get("COWBOOT_HOST", "build/host/cowboot")

DONE, FAILED, NOTHING, PHASE, REBOOT, USAGE = 0, 1, 2, 3, 4, 64


def without_progress(stderr):
    """Without the lines that are for eyes, and come only where the work takes longer than a second."""
    return re.sub(rb"(?m)^cowboot: .*: +\d+%, .*\n", b"", stderr)


def run(*args, stdin=None, cwd=None, env=None):
    program = str(pathlib.Path(PROGRAM).resolve())
    done = subprocess.run([program, *map(str, args)], input=stdin, cwd=cwd, env=env,
                          stdin=subprocess.DEVNULL if stdin is None else None,
                          capture_output=True, timeout=60, check=False)
    done.stderr = without_progress(done.stderr)
    return done


def good(*args, code=DONE, **more):
    """Runs, wants success and silence on standard error; gives standard output as text."""
    done = run(*args, **more)
    assert (done.returncode, done.stderr) == (code, b"")
    return done.stdout.decode()


def bad(*args, code=FAILED, says, **more):
    """Runs, wants this exit code, exactly this line, and no other output."""
    done = run(*args, **more)
    assert done.stderr.decode() == f"cowboot: {says}\n"
    assert (done.returncode, done.stdout) == (code, b"")


def usage(*args, says, see="cowboot --help", **more):
    bad(*args, code=USAGE, says=f"{says}; see {see}", **more)
