# SPDX-License-Identifier: MIT
"""What labgrid lacks to talk to a board that runs cowboot; board/NAME/labgrid.yaml imports it.

RootShell runs commands in the shell of the tiny test root, over whatever console the environment
has: QEMU's, or a serial line. (labgrid's own ShellDriver defines a function first; toybox' shell
knows none.) CowbootStrategy switches the board off and on. Neither knows what board it is.
"""
import enum
import os

import attr
from labgrid import target_factory
from labgrid.driver import Driver
from labgrid.protocol import ConsoleProtocol, PowerProtocol
from labgrid.strategy import Strategy

SCALE = float(os.environ.get("COWBOOT_TIMEOUT_SCALE", "1"))
HEAD, PROMPT = r"\*\*\* cowboot: recovery \*\*\*", r"number or word\? "


@target_factory.reg_driver
@attr.s(eq=False)
class RootShell(Driver):
    """boot_s: how long this board takes from power to its shell, at most."""

    bindings = {"console": ConsoleProtocol}
    boot_s = attr.ib(default=60, validator=attr.validators.instance_of(int))

    def expect(self, regex, timeout_s):
        """Waits for the console to print it, after what was waited for before: (text, match)."""
        _, before, match, _ = self.console.expect(regex, timeout=timeout_s * SCALE)
        return before.decode(errors="replace").replace("\r", ""), match

    def type(self, line):
        self.console.write(line.encode() + b"\r")

    def wait_up(self, boots=1):
        """Waits until the next boot, or one of the next, reaches its shell; that root's version.
        Types nothing before: a key stops many a boot loader."""
        _, match = self.expect(r"tiny: up, version ([\w.-]+)", boots * self.boot_s)
        return match.group(1).decode()

    def wait_menu(self):
        """Waits for the menu of recovery; its text."""
        self.expect(HEAD, self.boot_s)
        return self.expect(PROMPT, 60)[0]

    def run(self, command, timeout_s=60):
        """(exit code, output). The markers are split, so that the echo of the line has none."""
        self.type(f"echo '<''<begin'; {command}; echo '<''<'$?'>''>'")
        self.expect(r"<<begin\r?\n", timeout_s)
        out, match = self.expect(r"<<(\d+)>>\r?\n", timeout_s)
        return int(match.group(1)), out


class Status(enum.Enum):
    unknown = 0
    off = 1
    shell = 2


@target_factory.reg_driver
@attr.s(eq=False)
class CowbootStrategy(Strategy):
    """off; and shell: the power comes, and the board boots into its root."""

    bindings = {"power": PowerProtocol, "console": ConsoleProtocol, "shell": RootShell}

    def __attrs_post_init__(self):
        super().__attrs_post_init__()
        self.version = None

    def transition(self, status):
        """Always from off: whoever asks for a shell wants a boot."""
        status = status if isinstance(status, Status) else Status[status]
        self.target.activate(self.console)
        self.target.activate(self.power)
        self.target.activate(self.shell)
        self.power.off()
        if status == Status.shell:
            self.power.on()
            self.version = self.shell.wait_up()
