# SPDX-License-Identifier: MIT
"""QEMU's machine protocol: commands with their answers, and the events in between."""
import json
import threading
import time

from stream import SCALE, Gone, Timeout


class QMP:
    """Speaks over a started Stream. Events pile up in `events` as (name, data), oldest first; changed:
    more was said to QEMU than to tell how it is."""

    def __init__(self, stream):
        self.stream, self.events, self.lock, self.changed = stream, [], threading.Lock(), False
        self._message(10)  # the greeting
        self("qmp_capabilities")
        self.changed = False

    def _message(self, timeout):
        message = json.loads(self.stream.line(timeout))
        if "event" in message:
            self.events.append((message["event"], message.get("data", {})))
        return message

    def __call__(self, command, timeout=10, **arguments):
        """Runs a command and returns its answer."""
        self.changed |= not command.startswith("query-")
        with self.lock:
            self.stream.send(
                json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n"
            )
            while True:
                message = self._message(timeout)
                if "error" in message:
                    raise RuntimeError(f"QMP {command}: {message['error']['desc']}")
                if "return" in message:
                    return message["return"]

    def poll(self):
        """Takes the events that have come, without waiting."""
        with self.lock:
            while self.stream.data.find(b"\n", self.stream.at) >= 0:
                self._message(1)
        return self.events

    def count(self, name):
        return sum(1 for event, _ in self.poll() if event == name)

    def wait_event(self, name, timeout, seen=0):
        """Waits for more than `seen` events of that name; returns the data of the last one."""
        end = time.monotonic() + timeout * SCALE
        while True:
            found = [data for event, data in self.poll() if event == name]
            if len(found) > seen:
                return found[-1]
            if self.stream.ended:
                raise Gone(f"QEMU ended before its event {name}")
            if time.monotonic() > end:
                raise Timeout(f"no event {name} within {timeout * SCALE:.0f} s")
            time.sleep(0.01)
