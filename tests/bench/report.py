# SPDX-License-Identifier: MIT
"""What a run leaves in build/bench: tables on the terminal, the same as Markdown, numbers as JSON, plots as SVG.
Pure but for the files and gnuplot."""
import json
import platform
import statistics
import subprocess
import time

UNITS = {"ms": 1, "s": 1000}


def spread(values):
    """Median, least and most."""
    return statistics.median(values), min(values), max(values)


def ratio(values, base):
    """Of medians, with as many pairs as there are: of what ran beside each other."""
    return statistics.median(a / b for a, b in zip(values, base))


class Table:
    """Columns by name, each row a list of words."""

    def __init__(self, title, *columns):
        self.title, self.columns, self.rows = title, columns, []

    def add(self, *row):
        assert len(row) == len(self.columns)
        self.rows.append([str(word) for word in row])

    def text(self):
        """For a terminal: the first column is words, the others are numbers."""
        lines = [list(self.columns), *self.rows]
        widths = [max(len(line[n]) for line in lines) for n in range(len(self.columns))]
        out = [self.title]
        for line in lines:
            words = [line[0].ljust(widths[0]), *(w.rjust(n) for w, n in zip(line[1:], widths[1:]))]
            out.append("  " + "  ".join(words).rstrip())
        return "\n".join(out) + "\n"

    def markdown(self):
        lines = [self.columns, ["---", *["---:"] * (len(self.columns) - 1)], *self.rows]
        return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def machine():
    """Where it was measured, without a name of it."""
    qemu = subprocess.run(["qemu-system-aarch64", "--version"], stdout=subprocess.PIPE, text=True, check=True)
    with open("/proc/loadavg") as f:
        load = f.read().split()[0]
    with open("/proc/cpuinfo") as f:
        cpus = [line.partition(": ")[2].strip() for line in f if line.startswith("model name")]
    return {"date": time.strftime("%Y-%m-%d"), "processors": len(cpus), "processor": cpus[0] if cpus else "",
            "kernel": platform.release(), "load before": load, "qemu": qemu.stdout.split()[3]}


def save(out, name, results, tables):
    """results: what JSON takes. Prints the tables."""
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.json").write_text(json.dumps({"machine": machine()} | results, indent=2) + "\n")
    (out / f"{name}.md").write_text("\n".join(f"{t.title}\n\n{t.markdown()}" for t in tables))
    for table in tables:
        print(table.text(), flush=True)


HEAD = """set terminal svg size {width},{height} font 'sans-serif,13' background 'white'
set output '{out}'
set style fill solid 0.85 noborder
set border 3
set tics nomirror
set grid ytics lc rgb '#dddddd'
unset key
"""


def _gnuplot(script):
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def bars(out, title, label, rows, width=640, height=360):
    """rows: (name, median, least, most)."""
    data = "".join(f'{n} "{name}" {mid} {low} {high}\n' for n, (name, mid, low, high) in enumerate(rows))
    names = ", ".join(f'"{name}" {n}' for n, (name, *_) in enumerate(rows))
    _gnuplot(HEAD.format(out=out, width=width, height=height) + f"""
set title '{title}'
set ylabel '{label}'
set yrange [0:*]
set xrange [-0.6:{len(rows) - 0.4}]
set boxwidth 0.6
set xtics ({names})
$data << EOD
{data}EOD
plot $data using 1:3 with boxes lc rgb '#4477aa', \\
     $data using 1:3:4:5 with yerrorbars lc rgb '#222222' pt 0, \\
     $data using 1:3:(sprintf('%.0f', $3)) with labels offset 3.2,0.6 font ',11'
""")


def lines(out, title, xlabel, ylabel, series, width=640, height=400):
    """series: {name: [(x, y), ...]}; both axes are logarithmic."""
    blocks, plots = "", []
    for n, (name, points) in enumerate(series.items()):
        blocks += f"$d{n} << EOD\n" + "".join(f"{x} {y}\n" for x, y in points) + "EOD\n"
        plots.append(f"$d{n} using 1:2 with linespoints pt 7 lw 2 title '{name}'")
    _gnuplot(HEAD.format(out=out, width=width, height=height) + f"""
set title '{title}'
set xlabel '{xlabel}'
set ylabel '{ylabel}'
set logscale xy
set key top left
{blocks}plot {', '.join(plots)}
""")
