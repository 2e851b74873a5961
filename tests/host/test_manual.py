# SPDX-License-Identifier: MIT
"""What the manual pages show is true: the example of cowboot.conf(5) is a configuration."""

import os
import re
import subprocess

import pytest

from cowboot import run, DONE, FAILED

PAGE = "docs/man/cowboot.conf.5"


def example():
    text = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=200", PAGE], check=True,
                          capture_output=True, text=True).stdout
    text = re.sub(r".\x08", "", text)
    found = re.search(r"(?ms)^ *# a board with one disk\n.*?^ *overrides +no$", text)
    assert found, f"{PAGE} has no example any more"
    return re.sub(r"(?m)^ +", "", found.group()) + "\n"


@pytest.mark.root
def test_example_of_the_configuration(tmp_path):
    conf = tmp_path / "gateway.conf"
    conf.write_text(example())
    done = run("--config", conf, "status")
    lines = done.stderr.decode().splitlines()
    assert done.returncode == DONE and len(lines) == 4
    assert all("there is no such partition" in line for line in lines)
    conf.write_text(example() + "tries lots\n")
    done = run("--config", conf, "status")
    assert (done.returncode, done.stderr.decode()) == (FAILED, (
        f"cowboot: cannot use configuration {conf}: line 11: tries was given already, on line 7\n"))


@pytest.mark.parametrize("page", sorted(p for p in os.listdir("docs/man")))
def test_synopsis_has_a_line_for_each_use(page):
    """groff begins a line at a bare .Nm only; with words behind it all runs together in man(1)."""
    with open(f"docs/man/{page}", encoding="utf-8") as file:
        synopsis = file.read().partition(".Sh SYNOPSIS\n")[2].partition("\n.Sh ")[0]
    assert not re.findall(r"(?m)^\.Nm \S+ .*$|^\.Nm Cm .*$", synopsis)
