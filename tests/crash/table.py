# SPDX-License-Identifier: MIT
"""What the runs so far have shown, as a table."""
import json
from dataclasses import dataclass


@dataclass
class Count:
    good: int = 0
    bad: int = 0
    controls: int = 0
    caught: int = 0
    repaired: int = 0


def count(results):
    c = Count()
    for r in results:
        if r["control"]:
            c.controls += 1
            c.caught += not r["good"]
        else:
            c.good += r["good"]
            c.bad += not r["good"]
            c.repaired += r.get("repaired", False)
    return c


def text(root):
    """A Markdown table of all books below root: a line for each kernel, device and life. Repaired:
    good, once e2fsck had repaired data."""
    rows = ["| kernel | disk | life | states | good | repaired | broken orders found |",
            "|---|---|---|---|---|---|---|"]
    total = Count()
    for path in sorted(root.glob("*/*/*/results")):
        c = count(json.loads(line) for line in path.read_text().splitlines()[1:])
        rows.append(_row(*path.parts[-4:-1], c))
        for name in vars(total):
            setattr(total, name, getattr(total, name) + getattr(c, name))
    rows.append(_row("", "", "**together**", total))
    return "\n".join(rows)


def _row(kernel, device, life, c):
    return (f"| {kernel} | {device} | {life} | {c.good + c.bad} | {c.good} | {c.repaired} | "
            f"{c.caught} of {c.controls} |")
