# SPDX-License-Identifier: MIT
"""--progress: lines for programs on standard error, as docs/status-json.md says, or none."""

import json
import re
from pathlib import Path

import pytest

from cowboot import run, DONE, USAGE

DOCUMENT = Path("docs/status-json.md").read_text(encoding="utf-8").partition("## Progress\n")[2]


def create(images, *before):
    images.pair("a", 64, [0, 3])
    return run(*before, "bundle", "create", "-o", "b", "--version", "1", "a=a.old:a.new",
               cwd=images.directory)


def test_json(images):
    done = create(images, "--progress", "json")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == DONE
    assert [(line["step"], line["done_bytes"], line["percent"]) for line in lines] == [
        ("packing", 0, 0), ("packing", 131072, 100)]  # OLD and NEW, compared and then packed
    keys = re.findall(r"`(\w+)`", "".join(re.findall(r"(?m)^\| (`.*?) \| (?:string|number)", DOCUMENT)))
    assert sorted(keys) == sorted(lines[0])


def test_none(images):
    done = create(images, "--progress", "none")
    assert (done.returncode, done.stderr) == (DONE, b"")


def test_every_step_is_documented():
    used = set()
    for path in Path("src").glob("*/*.c"):
        if path.name != "progress.c":
            used |= set(re.findall(r'\bbegin\(&[^"]*?"([a-z]+)"', path.read_text(encoding="utf-8")))
            used |= set(re.findall(r'progress_begin\([^"]*?"([a-z]+)"',
                                   path.read_text(encoding="utf-8")))
    table = DOCUMENT.partition("| step | of |")[2].partition("\n\n")[0]
    assert used == set(re.findall(r"(?m)^\| `([a-z]+)` \|", table))


@pytest.mark.parametrize("words, told", [
    (["--progress"], "--progress needs text, json or none"),
    (["--progress", "xml", "status"], "--progress needs text, json or none"),
    (["status", "--progress", "json"], "--progress stands before the verb; see cowboot status --help"),
])
def test_wrong_words(words, told):
    done = run(*words)
    assert done.returncode == USAGE and told in done.stderr.decode()
