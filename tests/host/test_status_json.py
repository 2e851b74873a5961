# SPDX-License-Identifier: MIT
"""docs/status-json.md is complete: it has each key that the command prints, and no other. What the
command prints is in tests/golden/status, which a unit test compares with it."""

import json
import re
from pathlib import Path

import pytest

DOCUMENT = Path("docs/status-json.md").read_text(encoding="utf-8")
GOLDEN = [json.loads(path.read_text(encoding="utf-8"))
          for path in sorted(Path("tests/golden/status").glob("*.json"))]
KEYS_TOP, KEYS_VOLUME = DOCUMENT.partition("\n## Progress\n")[0].split("\nA volume:\n")


def named(text):
    return re.findall(r"`(\w+)`", text)


def of_table(text):
    rows = re.findall(r"(?m)^\| (`\w+`.*?) \| (?:number|string|array|object) \|", text)
    return [key for row in rows for key in named(row)]


def of_list(name):
    """`- `key`, `key`: ...` below "`NAME`:", or of the list that a sentence about it begins."""
    found = re.search(rf"(?m)^`{name}`(?::| is the plan .*(?:\n.+)*)\n\n((?:[-` ].*\n)+)", DOCUMENT)
    assert found, f"nothing is said of {name}"
    keys = []
    for line in re.sub(r"\n  ", " ", found[1]).splitlines():
        for key in re.split(r"[;.] ", line.removeprefix("- ")):
            match = re.match(r"((?:`\w+`(?:, )?)+):", key)
            keys += named(match[1]) if match else []
    return [key for key in keys if key != "null"]


def test_keys_at_the_top():
    for said in GOLDEN:
        assert sorted(said) == sorted(of_table(KEYS_TOP))


def test_keys_of_a_volume():
    for volume in (v for said in GOLDEN for v in said["volumes"]):
        assert sorted(volume) == sorted(of_table(KEYS_VOLUME))


@pytest.mark.parametrize("name", ["room", "kept", "last", "record", "slots", "next_boot"])
def test_keys_of_an_object(name):
    seen = [said[name] for said in GOLDEN if said[name]]
    assert seen
    for part in seen:
        assert sorted(part) == sorted(of_list(name))


def test_nothing_is_an_empty_string():
    def texts(value):
        if isinstance(value, (dict, list)):
            for inner in value.values() if isinstance(value, dict) else value:
                yield from texts(inner)
        elif isinstance(value, str):
            yield value

    for said in GOLDEN:
        assert all(texts(said))
