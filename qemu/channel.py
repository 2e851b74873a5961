# SPDX-License-Identifier: MIT
"""The host's end of the command channel (tiny/channel.h): runs commands and moves files."""
import time

from stream import SCALE, Timeout


class Rebooted(Exception):
    """The guest started anew in the middle of a request."""


class Channel:
    """Speaks over a started Stream; `version` is what the running root says it is, None before its
    first hello."""

    def __init__(self, stream):
        self.stream, self.version = stream, None

    def wait_hello(self, timeout):
        """Waits for the next boot's greeting, past what an interrupted request left before it."""
        end = time.monotonic() + timeout * SCALE
        self.version = None
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise Timeout(f"no hello within {timeout * SCALE:.0f} s")
            line = self.stream.line(left / SCALE)
            if "hello " in line:
                self.version = line.split("hello ", 1)[1]
                return self.version

    def _answer(self, timeout):
        """Collects one request's output: (code, bytes)."""
        end, out = time.monotonic() + timeout * SCALE, []
        while True:
            line = self.stream.line(max(0.01, (end - time.monotonic()) / SCALE))
            word, _, rest = line.partition(" ")
            if word == "out":
                out.append(self.stream.exactly(int(rest), timeout))
            elif word == "end":
                return int(rest), b"".join(out)
            elif word == "hello":
                self.version = rest
                raise Rebooted(f"the guest rebooted into {rest} while it should have answered")
            else:
                raise RuntimeError(f"the guest answered {line!r}")

    def run(self, command, timeout=30):
        """Runs a shell command; (exit code, standard output and error as bytes)."""
        data = command.encode()
        self.stream.send(b"run %d\n" % len(data) + data)
        return self._answer(timeout)

    def put(self, path, data, timeout=60):
        """Writes a file in the guest."""
        self.stream.send(f"put {len(data)} {path}\n".encode() + data)
        code, _ = self._answer(timeout)
        if code:
            raise OSError(code, f"cannot write {path} in the guest")

    def get(self, path, timeout=60):
        """Reads a file in the guest."""
        self.stream.send(f"get {path}\n".encode())
        code, data = self._answer(timeout)
        if code:
            raise OSError(code, f"cannot read {path} in the guest")
        return data

    def say(self, verb):
        """Sends reboot or poweroff, which have no answer."""
        self.stream.send(verb.encode() + b"\n")
