# SPDX-License-Identifier: MIT
"""A board that has one request to its disk fail, in a scene (scenes.py), and then comes to rest on a
sound disk. Raises Bad where something is lost, mixed, or not said."""
import contextlib
import json
import re
import shutil
import time

import export
import judge
import starts
from rest import Bad, Mixed, Rest
from stream import SCALE, Gone, Timeout

UP_S, COMMAND_S = 120, 120
LOST = "(?m)^cowboot: cannot "
UNKEPT = "cannot be kept, so that there will be no way back to it"
SUMS = "for v in {}; do md5sum /dev/mapper/$v; done; cat /data/user; cowboot status --json"


class Unheard(Exception):
    """A failed flush has lost what another volume's merge had written, and that one was not told: the
    error went to who had asked, or to nobody, for device-mapper drops the error of a flush that
    stands before a write. No software above it could have known."""


class Board(Rest):
    """One board of a worker: begins at a start, has one request failed, and comes to rest."""

    def __init__(self, points, fork, disk, where):
        self.points, self.export, self.free_blocks = points, disk, points.free_blocks
        super().__init__(points, fork, where)
        self.disk = disk.disk
        self.vm, self.requests = None, []

    # ---- the run -------------------------------------------------------------------------------

    def run(self, scene, kind=None, number=0):
        """Runs a scene with that request failing; (how it ended, e2fsck was needed, the requests
        that were counted)."""
        shutil.rmtree(self.where / "vm", ignore_errors=True)
        shutil.copyfile(self.points.disk(scene.start), self.disk)
        self.requests, self.repaired, self.excused = [], False, False
        guest = self.points.guest(scene.start)
        try:
            self.vm = export.resume(export.board(self.machine, self.where / "vm", self.export,
                                                 guest or self.fork.saved()))
            self.export.arm(kind, number)
            if not guest:
                self.fork.leave(self.vm)
            end = self._act(scene)
        except Timeout as e:
            raise Bad(str(e)[-2500:]) from None
        finally:
            self.disarm()
            self.off(orderly=False)
        return end, self.repaired, self.requests

    def _act(self, scene):
        try:
            return scene.act(self)
        except Unheard:
            return "a chunk lost by another merge's flush"

    def disarm(self):
        """The disk is sound from here on."""
        self.requests = self.requests or self.export.disarm()

    @property
    def failed(self):
        """The request that failed, or None."""
        return next((r for r in self.requests if r.failed), None)

    @contextlib.contextmanager
    def told(self, volumes):
        """Within, several volumes may merge at once, and these merges were told of a failed request."""
        try:
            yield
        except Mixed as e:
            at, size = self.machine.parts[e.volume]
            lost = any(r.kind == "lost" and at <= r.at < at + size for r in self.requests)
            if len(self.want["new"]) > 1 and lost and e.volume not in volumes:
                raise Unheard from None
            raise

    def off(self, orderly=True):
        if self.vm and orderly:
            self.vm.poweroff()
        elif self.vm:
            self.vm.kill()
        self.vm = None

    def keep(self, target):
        """Copies the disk and the consoles of the last run there, for a person to look at."""
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.where / "vm", target)
        shutil.copyfile(self.disk, target / "disk.img")

    # ---- commands ------------------------------------------------------------------------------

    def command(self, text, *codes):
        """Runs a command while a request may fail: its exit code, 1 with a reason or one of these;
        and its output."""
        code, out = self.vm.run(text, COMMAND_S)
        self.excused |= UNKEPT in out
        if code not in (1, *codes):
            raise Bad(f"`{text}` ended with {code}:\n{out}")
        if code == 1 and not re.search(LOST, out):
            raise Bad(f"`{text}` does not say what it cannot do:\n{out}")
        return code, out

    def must(self, text, *codes):
        """Runs a command on a sound disk."""
        code, out = self.vm.run(text, COMMAND_S)
        self.excused |= UNKEPT in out
        if code not in codes:
            raise Bad(f"afterwards `{text}` ended with {code}:\n{out}")
        return out

    def shows(self, version):
        """This boot's volumes are all of that version, the user's file is there; the status."""
        out = self.must(SUMS.format(" ".join(self.want[version])), 0)
        self.compare(version, out)
        if not re.search("^mine$", out, re.M):
            raise Bad(f"the user's file on data is lost:\n{out}")
        return json.loads(out[out.index("{"):])

    # ---- boots ---------------------------------------------------------------------------------

    def come_up(self):
        """Waits for what the armed boot comes to: a version, "again" or "recovery: WHY"."""
        end = time.monotonic() + UP_S * SCALE
        while True:
            try:
                return self.vm.channel.wait_hello(0.2 / SCALE)
            except Gone:
                return "again"
            except Timeout:
                text = self.vm.serial.text()
                if found := re.search(r"No system was started: (.*?)\.\r?\n", text):
                    return f"recovery: {found.group(1)}"
                if time.monotonic() > end:
                    raise Bad(f"the board did not come up:\n{text[-3000:]}") from None

    def is_kept(self):
        """What the record says is kept, or None."""
        return judge.kept_in(self.machine.part(self.disk, "meta"))

    def leads_to(self):
        return judge.leads_to(self.machine.part(self.disk, "meta"))

    def record(self):
        return judge.record(self.machine.part(self.disk, "meta"))

    def boot(self, *versions):
        """One more boot, on a sound disk."""
        self.vm = starts.boot(self.machine, self.where / "vm", self.export, self.points.fork)
        came = self.come_up()
        if came not in versions:
            raise Bad(f"the next boot came to {came}, not {' or '.join(versions)}")
        return came

    def rest(self, outcome):
        """Comes to rest there, and nothing is lost."""
        self.off()
        leads = self.leads_to()
        if leads != outcome:
            raise Bad(f"the record leads to {leads}, not {outcome}")
        if self._boots(outcome) is None:
            self._repair("data cannot be mounted")
            if self._boots(outcome) is None:
                raise Bad("data cannot be mounted after e2fsck")
        try:
            self._judge(outcome)
        except Bad as e:
            if "data is damaged" not in str(e):
                raise
            self._repair(str(e))
            self._judge(outcome)

    def _repair(self, why):
        """Only a request of the file system itself is an excuse: a read too, for without its bitmap
        ext4 can free nothing. A flush is everybody's."""
        lost, (at, size) = self.failed, self.machine.parts["data"]
        if not lost or (lost.kind != "flush" and not at <= lost.at < at + size):
            raise Bad(why)
        self.repaired = True
        self.repair_data()
