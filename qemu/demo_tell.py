# SPDX-License-Identifier: MIT
"""What the demo says: headings, lines that are checked before they are printed, and progress of all
that takes long: one line that changes on a terminal, a line every ten seconds elsewhere."""
import shutil
import sys
import threading
import time

TICK_S, PLAIN_S = 0.25, 10
INDENT = "   "


class Differs(Exception):
    """Something is not as the demo says it must be."""


def line(text=""):
    print(text, flush=True)


def say(text):
    line(INDENT + text)


def step(number, title):
    line()
    line(f"{number}  {title}")


def differ(what, expected, seen):
    raise Differs(f"{what}\n  expected: {expected}\n  seen:     {seen}")


def check(what, expected, seen):
    """Compares before anything is claimed."""
    if expected != seen:
        differ(what, expected, seen)


def mb(size_bytes):
    """A size as people read it."""
    if size_bytes < 1000_000:
        return f"{size_bytes / 1000:.1f} kB"
    return f"{size_bytes / 1e6:.{0 if size_bytes >= 100e6 else 1}f} MB"


class Work:
    """Something that takes a while:

        with Work("booting") as work:
            work.at("kernel")                       # how far it is
        say(f"it is up ({work.seconds:.1f} s)")     # what it came to
    """

    def __init__(self, text):
        self.text, self.stage, self.done = text, "", threading.Event()
        self.terminal, self.begun = sys.stdout.isatty(), time.monotonic()
        self.thread = threading.Thread(target=self._tick, daemon=True)

    @property
    def seconds(self):
        return (self.ended if self.done.is_set() else time.monotonic()) - self.begun

    def at(self, stage):
        """How far it is: a text, or a function that gives one."""
        self.stage = stage

    def _tick(self):
        shown = 0
        while not self.done.wait(TICK_S):
            text = f"{INDENT}... {self.text}: {self.seconds:.0f} s"
            stage = self.stage() if callable(self.stage) else self.stage
            text += f", {stage}" if stage else ""
            if self.terminal:
                columns = shutil.get_terminal_size().columns
                print(f"\r{text[:columns - 1]}\033[K", end="", flush=True)
            elif self.seconds // PLAIN_S > shown:
                shown = self.seconds // PLAIN_S
                line(text)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended = time.monotonic()
        self.done.set()
        self.thread.join()
        if self.terminal:
            print("\r\033[K", end="", flush=True)
