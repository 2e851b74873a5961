# SPDX-License-Identifier: MIT
"""The table of reasons in the source, in docs/status-json.md and in cowboot(8) is one table."""

import re

import pytest


def in_source():
    with open("src/base/reason.h", encoding="utf-8") as file:
        text = file.read().replace("\\\n", "")
    return dict(re.findall(r'X\(\w+, "([^"]+)",\s*"([^"]+)"\)', text))


def in_document():
    with open("docs/status-json.md", encoding="utf-8") as file:
        text = file.read().partition("## Reason codes\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"(?m)^\| `([a-z-]+)` \| ([^|]*?) \|", text))


def in_manual():
    with open("docs/man/cowboot.8", encoding="utf-8") as file:
        text = file.read().partition(".Ss Reason codes\n")[2].partition("\n.Sh ")[0]
    return dict(re.findall(r"(?m)^\.It Li ([a-z-]+)\n(.*)$", text))


@pytest.mark.parametrize("documented", [in_document, in_manual])
def test_every_reason_is_documented(documented):
    assert len(in_source()) > 40
    assert documented() == in_source()
