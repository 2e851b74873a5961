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
    """A Markdown table of all books below root: a line for each kernel and disk. Repaired: good, once
    e2fsck had repaired data."""
    lines = ["| kernel | disk | lives | states | good | repaired | broken orders found |",
             "|---|---|---|---|---|---|---|"]
    rows = {}
    for path in sorted(root.glob("*/*/*/results")):
        c = count(json.loads(line) for line in path.read_text().splitlines()[1:])
        for where in path.parts[-4:-2], ("", "**together**"):
            lives, all_of_them = rows.setdefault(where, (set(), Count()))
            lives.add(path.parts[-2])
            for name in vars(c):
                setattr(all_of_them, name, getattr(all_of_them, name) + getattr(c, name))
    rows["", "**together**"] = rows.pop(("", "**together**"), (set(), Count()))
    for (kernel, device), (lives, c) in rows.items():
        lines.append(f"| {kernel} | {device} | {len(lives)} | {c.good + c.bad} | {c.good} | {c.repaired} | "
                     f"{c.caught} of {c.controls} |")
    return "\n".join(lines)
