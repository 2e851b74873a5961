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
    boots: int = 0


def count(results):
    c = Count()
    for r in results:
        if r["control"]:
            c.controls += 1
            c.caught += not r["good"]
        else:
            c.good += r["good"]
            c.bad += not r["good"]
            c.boots += r.get("boots", 0)
    return c


def text(root):
    """A Markdown table of all books below root: a line for each kernel, device and life."""
    rows = ["| kernel | disk | life | states | good | broken orders found |", "|---|---|---|---|---|---|"]
    total = Count()
    for path in sorted(root.glob("*/*/*/results")):
        results = [json.loads(line) for line in path.read_text().splitlines()[1:]]
        c = count(results)
        kernel, device, life = path.parts[-4:-1]
        rows.append(f"| {kernel} | {device} | {life} | {c.good + c.bad} | {c.good} | "
                    f"{c.caught} of {c.controls} |")
        for name in vars(total):
            setattr(total, name, getattr(total, name) + getattr(c, name))
    rows.append(f"| | | **together** | **{total.good + total.bad}** | **{total.good}** | "
                f"**{total.caught} of {total.controls}** |")
    return "\n".join(rows)
