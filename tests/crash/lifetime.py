# SPDX-License-Identifier: MIT
"""What a recorded life is made of: the board it begins on, and what a person can do to that."""
from dataclasses import dataclass

import menus
from disk import MIB
from stream import SCALE

SYSTEM_BLOCKS, VENDOR_BLOCKS = 400, 200


@dataclass(frozen=True)
class Life:
    name: str
    run: object
    store: str = "file"
    vendor: bool = False
    conf: str = ""
    change: int = 24
    spread: str = "scattered"
    before: object = None
    # The bundle brings a kernel, and a boot loader chooses: by the boot "block" or on the "esp".
    slots: str = ""
    # What is done to the bytes of meta before all.
    spoil: object = None
    # So many boots in a row that nothing marks good end in recovery.
    recovery_after: int = 0
    # Whether the board keeps the system before a merge, and whether the person gives that up.
    keeps: bool = True
    forgets: bool = False
    # What a person does at recovery's menu where no system is left to boot, and where that leads;
    # with a USB stick that has the new image of system.
    mend: object = None
    mended: str = ""
    stick: bool = False

    def system(self, images):
        old = images.tiny("old.ext4", SYSTEM_BLOCKS, 4 * MIB)
        return old, images.new(old, change=self.change, spread=self.spread)

    def vendor_images(self, images):
        old = images.tiny("volume.ext4", VENDOR_BLOCKS, MIB, programs={})
        return old, images.new(old, change=24, spread="run")


class Board:
    """The guest of a recorded run, with the few things a life does to it. start_vm(more kernel
    command line) switches it on."""

    def __init__(self, start_vm, bundle, back):
        self.start_vm, self.bundle, self.back, self.vm = start_vm, bundle, back, None

    def on(self):
        self.vm = self.start_vm("")
        return self.vm.wait_up()

    def comes_and_goes(self):
        """On, on OLD, and the power is cut."""
        assert self.on() == "old"
        self.cut()

    def recovery(self, append=""):
        """On, and it ends in recovery."""
        self.vm = self.start_vm(append)
        menus.screen(self.vm)

    def again(self):
        """Out of recovery, in the same boot."""
        self.vm.type("again\r")
        return self.vm.wait_up()

    def leaves(self):
        """On, and it reboots by itself."""
        self.vm = self.start_vm("")
        self.vm.process.wait(60 * SCALE)
        self.vm.kill()

    def leaves_by(self, command):
        """On, and this command reboots it: nobody waits for its answer."""
        self.vm.channel.say(f"run {len(command)}\n{command}")
        self.vm.process.wait(60 * SCALE)
        self.vm.kill()

    def off(self):
        self.vm.poweroff()

    def cut(self):
        self.vm.cut()

    def run(self, command, *codes):
        code, out = self.vm.run(command)
        assert code in (codes or (0,)), f"`{command}` ended with {code}:\n{out}"

    def install(self, bundle=None):
        self.vm.channel.put("/run/bundle", (bundle or self.bundle).read_bytes())
        self.run("cowboot install /run/bundle", 4)
        self.run("rm /run/bundle")


def armed(b, expect):
    """As far as every update goes: installed, and the board off before the first trial."""
    expect("old")
    b.on()
    expect("old", "new")
    b.install()
    expect("new")
    b.off()
