# SPDX-License-Identifier: MIT
"""A byte stream from QEMU (serial console, command channel, QMP), drained by a thread of its own.

The thread never stops reading: QEMU blocks the guest when a console's other end is slow. Waiting
has always a deadline, scaled by COWBOOT_TIMEOUT_SCALE for slow machines, and ends at once when QEMU
is gone.
"""
import os
import re
import socket
import threading
import time

SCALE = float(os.environ.get("COWBOOT_TIMEOUT_SCALE", "1"))


class Timeout(Exception):
    """The guest did not say it in time."""


class Gone(Exception):
    """QEMU ended while we waited for it to say something."""


def wait_until(condition, what, timeout=30):
    """Asks again and again, until condition() is true."""
    end = time.monotonic() + timeout * SCALE
    while not condition():
        if time.monotonic() > end:
            raise Timeout(f"{what}: not within {timeout * SCALE:.0f} s")
        time.sleep(0.02)


class Stream:
    """One end of a socket pair whose other end QEMU inherits as `fd`; what is read is kept and, if
    asked, logged."""

    def __init__(self, name, log=None):
        self.name, self.data, self.at, self.ended = name, bytearray(), 0, False
        self.ours, self.theirs = socket.socketpair()
        self.fd = self.theirs.fileno()
        self.log = open(log, "ab") if log else None
        self.more = threading.Condition()
        self.thread = threading.Thread(target=self._drain, name=name, daemon=True)

    def start(self):
        """Call once QEMU has inherited fd."""
        self.theirs.close()
        self.thread.start()

    def _drain(self):
        while True:
            try:
                got = self.ours.recv(65536)
            except OSError:
                got = b""
            if got and self.log:
                self.log.write(got)
                self.log.flush()
            with self.more:
                self.data += got
                self.ended = not got
                self.more.notify_all()
            if not got:
                return

    def close(self):
        """Call once QEMU has ended: takes what is left, then closes both ends."""
        if self.thread.is_alive():
            self.thread.join(2)
        self.ours.close()
        if self.log:
            self.log.close()
            self.log = None

    def go_on(self, data, at):
        """What another stream has read comes before what this one reads; it was seen as far as to at."""
        with self.more:
            self.data[:0] = data
            self.at += at

    def send(self, data):
        try:
            self.ours.sendall(data)
        except OSError as e:
            raise Gone(f"{self.name}: {e}") from None

    def _until(self, probe, timeout, what):
        """Waits until probe() gives something that is not None; probe sees self.data[self.at:]."""
        end = time.monotonic() + timeout * SCALE
        with self.more:
            while True:
                got = probe()
                if got is not None:
                    return got
                left = end - time.monotonic()
                if self.ended or left <= 0:
                    tail = bytes(self.data[-2000:]).decode(errors="replace")
                    kind = Gone if self.ended else Timeout
                    took = f"{timeout * SCALE:.0f} s"
                    raise kind(f"{self.name}: no {what} in {took}; it ends:\n{tail}")
                self.more.wait(left)

    def expect(self, regex, timeout):
        """Waits for the next match after the last one and returns it; the text up to its end
        counts as seen."""
        pattern = re.compile(regex.encode() if isinstance(regex, str) else regex, re.M)

        def probe():
            # A copy is searched: a match pins the buffer it points into.
            match = pattern.search(bytes(self.data[self.at:]))
            if match:
                self.at += match.end()
            return match
        return self._until(probe, timeout, f"match for {regex!r}")

    def _take(self, count, skip=0):
        got = bytes(self.data[self.at:self.at + count])
        self.at += count + skip
        return got

    def line(self, timeout):
        """Takes one line, without its end."""
        def probe():
            end = self.data.find(b"\n", self.at)
            return None if end < 0 else self._take(end - self.at, 1)
        return self._until(probe, timeout, "line").decode(errors="replace")

    def exactly(self, count, timeout):
        """Takes count bytes."""
        def probe():
            return None if len(self.data) - self.at < count else self._take(count)
        return self._until(probe, timeout, f"{count} bytes")

    def text(self):
        """All that was read so far."""
        with self.more:
            return bytes(self.data).decode(errors="replace")
