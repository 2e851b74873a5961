#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The tables of docs/kernel-behaviour.md: read by the tests, which compare them with what they
measure; and written, when run as a program, from what the last run on each kernel measured. What a
kernel said that was not asked in this build stays as it is.

A table stands below a line `<!-- measured: NAME -->`. Its first column is what was tried, its
second on which kernels ("all", or some), the others are the answers."""
import argparse
import json
import os
import re
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
DOCUMENT = TOP / "docs/kernel-behaviour.md"
KERNELS = ["5.10", "6.1", "6.12", "7.3", "7.3-16k"]
TABLE = re.compile(r"(?m)^<!-- measured: ([\w-]+) -->\n((?:\|.*\n)*)")


def _path(build, kernel):
    return Path(build) / "tests" / f"kernel-{kernel}.json"


# Of this run.
measured = set()


def keep(build, kernel, table, columns, rows):
    """Adds a table to what this kernel said."""
    measured.add(table)
    path = _path(build, kernel)
    known = json.loads(path.read_text()) if path.exists() else {}
    known[table] = {"columns": columns, "rows": rows}
    path.write_text(json.dumps(known, indent=1))


def _cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def documented(table, kernel):
    """{what was tried: [answers]} of a table for one kernel; empty when it isn't there."""
    found = {}
    for name, text in TABLE.findall(DOCUMENT.read_text()):
        for line in text.splitlines()[2:] if name == table else []:
            what, kernels, *answers = _cells(line)
            if kernels == "all" or kernel in kernels.split(", "):
                assert what not in found, f"{what} is in table {table} twice for {kernel}"
                found[what] = answers
    return found


def names():
    """Of the tables in the document."""
    return {name for name, _ in TABLE.findall(DOCUMENT.read_text())}


def _rendered(tables):
    """A table's text from {kernel: {"columns", "rows"}}."""
    first = next(iter(tables.values()))
    lines = [first["columns"][:1] + ["kernels"] + first["columns"][1:]]
    lines.append(["---"] * len(lines[0]))
    for what in first["rows"]:
        groups = {}
        for kernel in tables:
            groups.setdefault(tuple(tables[kernel]["rows"][what]), []).append(kernel)
        for answers, kernels in groups.items():
            lines.append([what, "all" if kernels == KERNELS else ", ".join(kernels), *answers])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main():
    argparse.ArgumentParser(prog="tests/kernel/tables.py", description=__doc__,
                            formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    build = os.environ.get("COWBOOT_BUILD", TOP / "build")

    def answers(kernel, name):
        path = _path(build, kernel)
        known = json.loads(path.read_text()) if path.exists() else {}
        return known.get(name) or {"rows": documented(name, kernel)}

    def put(match):
        name, text = match.groups()
        what, _, *columns = _cells(text.splitlines()[0])
        found = {k: {"columns": [what, *columns]} | answers(k, name) for k in KERNELS}
        return f"<!-- measured: {name} -->\n" + _rendered({k: f for k, f in found.items() if f["rows"]})
    DOCUMENT.write_text(TABLE.sub(put, DOCUMENT.read_text()))


if __name__ == "__main__":
    sys.exit(main())
