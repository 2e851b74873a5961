# SPDX-License-Identifier: MIT
"""Where the runs with a failing request start: disks at some points of an update's life, and guests
that are saved there, up and with what the next command needs already read.

    install   up on OLD, the bundle in /run
    pending   up on OLD, an update waits for its trial
    trial     off: the next boot is the first try
    tried     up on NEW, on trial
    refused   off: the next boot reverts
    merging   off: the power was cut amid the merge
    idle      off: merged, nothing is pending
    kept      up on NEW, OLD is kept
    back      up on OLD, which was kept, on trial
"""
import json
import shutil
from pathlib import Path

import export
import judge
import saved
from lifetime import Life
from recording import bundle
from stream import wait_until

BOARDS = {
    "file": Life("errors-file", None, change=10),
    "cow": Life("errors-cow", None, store="cow", vendor=True, change=6),
}
WARM = "cat /usr/sbin/cowboot /bin/toybox > /dev/null; cowboot status > /dev/null"
WRITES_A_SECOND = 12        # while a merge is to be cut


class Starts:
    """Of one board; `disk(NAME)` is its disk at that point, `guest(NAME)` the guest or None."""

    def __init__(self, machine, life, fork, where, disk):
        """fork is the machine's; disk an Export that may be used."""
        self.machine, self.fork, self.where, self.export = machine, fork, where, disk
        self.bundle = bundle(machine)
        where.mkdir(parents=True)
        machine.write_disk(disk.disk)
        vm = self._boot("old")
        vm.run("mkdir -p /data/cowboot && echo mine > /data/user && sync", check=True)
        vm.poweroff()
        self.free_blocks = self._free_blocks()
        self._update()
        self._merge()
        self._go_back()

    def disk(self, name):
        return self.where / f"{name}.img"

    def guest(self, name):
        path = self.where / f"{name}.guest"
        return path if path.exists() else None

    def _boot(self, version):
        vm = boot(self.machine, self.where / "vm", self.export, self.fork)
        came = vm.wait_up()
        assert came == version, f"{came} came up, not {version}"
        return vm

    def _free_blocks(self):
        data = self.where / "data.img"
        data.write_bytes(self.machine.part(self.export.disk, "data"))
        return judge.clean_blocks(data)

    def _keep(self, name):
        shutil.copyfile(self.export.disk, self.disk(name))

    def _keep_guest(self, vm, name):
        vm.run(WARM, check=True)
        saved.save(vm, self.where / f"{name}.guest")
        self._keep(name)
        export.go_on(vm)

    def _update(self):
        vm = self._boot("old")
        vm.channel.put("/run/bundle", self.bundle.read_bytes())
        self._keep_guest(vm, "install")
        assert vm.run("cowboot install /run/bundle; e=$?; rm /run/bundle; exit $e")[0] == 4
        self._keep_guest(vm, "pending")
        vm.poweroff()
        self._keep("trial")

    def _merge(self):
        vm = self._boot("new")
        self._keep_guest(vm, "tried")
        assert vm.run("cowboot mark-bad 'it is bad'")[0] == 4
        vm.poweroff()
        self._keep("refused")
        shutil.copyfile(self.disk("tried"), self.export.disk)
        vm = export.resume(export.board(self.machine, self.where / "vm", self.export,
                                        self.guest("tried")))
        none = dict.fromkeys(("bps", "bps_rd", "bps_wr", "iops", "iops_rd"), 0)
        vm.qmp("block_set_io_throttle", id="/machine/peripheral/disk0/virtio-backend",
               iops_wr=WRITES_A_SECOND, **none)
        vm.run("cowboot mark-good", check=True)
        wait_until(lambda: 0 < self._left(vm) < self._left_first(vm), "the merge is half done",
                   60)
        vm.cut()
        self._keep("merging")
        vm = self._boot("new")
        code, text = vm.run("cowboot merge --wait")
        assert code in (0, 2), text     # 2: it had come to its end before
        out = vm.run("cowboot status --json", check=True)
        status = json.loads(out[out.index("{"):])
        assert (status["phase"], status["last"]["result"]) == ("idle", "merged"), out
        vm.poweroff()
        self._keep("idle")

    def _go_back(self):
        vm = self._boot("new")
        self._keep_guest(vm, "kept")
        assert vm.run("cowboot rollback")[0] == 4
        vm.poweroff()
        vm = self._boot("old")
        self._keep_guest(vm, "back")
        vm.poweroff()

    @staticmethod
    def _volumes(vm):
        out = vm.run("cowboot status --json", check=True)
        return json.loads(out[out.index("{"):])["volumes"]

    def _left(self, vm):
        return sum(v["exceptions_left"] or 0 for v in self._volumes(vm))

    def _left_first(self, vm):
        return sum(v["exceptions"] for v in self._volumes(vm))


def boot(machine, where, disk, fork):
    """Begins a boot from the saved guest before it."""
    vm = export.resume(export.board(machine, Path(where), disk, fork.saved()))
    fork.leave(vm)
    return vm
