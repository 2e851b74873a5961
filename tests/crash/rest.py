# SPDX-License-Identifier: MIT
"""Boots a state of the disk, lets it go on to rest, and judges where it came to."""
import json
import os
import re
import shutil
from hashlib import md5

import esp
import judge
import kept
import menus
import states
from stream import Gone, Timeout

BOOTS_MAX = 6
FS_BLOCK_BYTES = 4096
# Reads what was booted before anything is decided, then says that the new system is good. MD5 is
# five times as fast as SHA-256 in an emulated guest; nobody forges a crash.
REST = ("for v in {volumes}; do md5sum /dev/mapper/$v; done; "
        "grep -q ' /data ' /proc/mounts || echo unmounted; cat /data/user; "
        "cowboot mark-good --wait; cowboot merge --wait; cowboot status --json")


class Unmountable(Exception):
    """The board is up, and data could not be mounted."""


class Bad(Exception):
    """A system was lost, or mixed, or did not come to rest: why."""


class Mixed(Bad):
    """A volume is neither: which one."""

    def __init__(self, volume, why):
        self.volume = volume
        super().__init__(why)


class Rest:
    """Brings disks of one recording to rest, one after the other, in a directory of its own."""

    def __init__(self, recording, fork, where):
        self.recording, self.machine, self.fork = recording, recording.machine, fork
        self.where, self.disk = where, where / "disk.img"
        # The way back is known to be lost; a command has said that there will be none.
        self.spoiled = self.excused = False
        where.mkdir(parents=True, exist_ok=True)
        both = {"old": self.machine.old, "new": self.machine.new}
        self.want = {name: {v: self._content(v, images[v]) for v in images}
                     for name, images in both.items()}

    def _content(self, volume, image):
        return image.read_bytes().ljust(self.machine.parts[volume][1], b"\0")

    def prepare(self, state):
        """Writes the state's disk."""
        shutil.copyfile(self.recording.base, self.disk)
        with open(self.disk, "r+b") as f:
            for at, data in state.writes(self.recording.entries):
                f.seek(at)
                f.write(data)

    def run(self, state):
        """Returns how it ended ("old", "new"), after how many boots, and whether data had to be
        repaired by e2fsck; raises Bad."""
        self.prepare(state)
        self.spoiled = state.spoils_kept
        outcome = self._leads_to(self.machine.part(self.disk, "meta"))
        allowed = self.recording.outcomes(state.at)
        if outcome not in allowed:
            raise Bad(f"the record leads to {outcome}, after what was done only "
                      f"{' or '.join(allowed)} is right")
        if outcome == "recovery":
            outcome = self.machine.life.mended
        boots, repaired = self._boots(outcome), False
        if boots is None:
            boots, repaired = self._repaired(state, outcome), True
        self._judge(outcome)
        if self.spoiled:
            self._goes_not_back(outcome)
        return outcome, boots, repaired

    def _repaired(self, state, outcome):
        """Data could not be mounted: the new system's e2fsck repairs it, as it would on a board,
        and the board must come to rest with nothing lost. Only a torn block of ext4's own is an
        excuse (docs/reliability.md)."""
        if not states.tears(state, self.recording.entries, *self.machine.parts["data"], FS_BLOCK_BYTES):
            raise Bad("data cannot be mounted")
        self.repair_data()
        boots = self._boots(outcome)
        if boots is None:
            raise Bad("data cannot be mounted after e2fsck")
        return boots

    def repair_data(self):
        """By e2fsck, in place."""
        image = self.where / "data.img"
        image.write_bytes(self.machine.part(self.disk, "data"))
        judge.repair(image)
        with open(self.disk, "r+b") as f:
            f.seek(self.machine.parts["data"][0])
            f.write(image.read_bytes())

    def _boots(self, outcome):
        """How many boots it took to rest; None: data could not be mounted."""
        for boot in range(1, BOOTS_MAX + 1):
            shutil.rmtree(self.where / "vm", ignore_errors=True)
            meta = self.machine.part(self.disk, "meta")
            self._whole_slot()
            self._whole_kept(meta)
            lost = self._leads_to(meta) == "recovery"
            vm = self.fork.start(self.where / "vm", self.disk, stick=self._stick() if lost else None)
            try:
                if judge.recovers(meta, self.machine.life.recovery_after):
                    self._recover(vm, lost)
                if self._boot(vm, outcome):
                    return boot
            except Gone:
                continue  # it chose to start again
            except Timeout as e:
                raise Bad(str(e)[-2500:]) from None
            except Unmountable:
                return None
            finally:
                vm.kill()
        raise Bad(f"not at rest after {BOOTS_MAX} boots")

    def _stick(self):
        """One of its own, where the life has one: another guest may have it, too."""
        if self.machine.stick:
            return shutil.copyfile(self.machine.stick, self.disk.with_name("stick.img"))

    def _leads_to(self, meta):
        slot = self._loader("next", self.disk)[0] if self.machine.loader else ""
        return judge.leads_to(meta, slot)

    def _loader(self, what, *args):
        """Asks the boot loader; it must always find its way."""
        try:
            return getattr(self.machine.loader, what)(*args)
        except esp.Lost as e:
            raise Bad(f"the boot loader is lost: {e}") from None

    def _whole_slot(self):
        """What the boot loader is about to start must be whole."""
        if self.machine.loader:
            slot = self._loader("next", self.disk)[0]
            if not self._loader("holds", self.disk, slot).startswith(
                    self.machine.slots[slot].read_bytes()):
                raise Bad(f"the boot loader starts slot {slot}, which is not whole")

    def _whole_kept(self, meta):
        """What the record calls kept is one of the two systems, and it is all there."""
        is_kept = judge.kept_in(meta)
        if not is_kept or self.spoiled:
            return
        if is_kept.version not in self.want:
            raise Bad(f"{is_kept.version} is kept, which is neither system")
        wrong = kept.wrong(is_kept, lambda label: self.machine.part(self.disk, label),
                           self.want[is_kept.version])
        if wrong:
            raise Bad(wrong)

    def _recover(self, vm, lost):
        """The person at recovery's menu: helps where no system is left, and goes on."""
        menus.screen(vm)
        try:
            if lost:
                self.machine.life.mend(vm)
        except AssertionError as e:
            raise Bad(f"recovery did not help: {e}") from None
        vm.type("again\r")

    def _boot(self, vm, outcome):
        """One boot; whether the board is at rest after it."""
        version = vm.wait_up()
        if version != outcome:
            raise Bad(f"{version} came up, not {outcome}")
        code, out = vm.run(REST.format(volumes=" ".join(self.want[outcome])))
        self.compare(outcome, out)
        if "unmounted" in out:
            vm.poweroff()
            raise Unmountable
        if not re.search("^mine$", out, re.M):
            raise Bad(f"the user's file on data is lost:\n{out}")
        if code:
            raise Bad(f"cowboot status ended with {code}:\n{out}")
        vm.poweroff()
        return json.loads(out[out.index("{"):])["phase"] == "idle"

    def compare(self, outcome, sums):
        """By what md5sum said, the mapped volumes are all that."""
        for volume, content in self.want[outcome].items():
            if not re.search(rf"^{md5(content).hexdigest()}  /dev/mapper/{volume}$", sums, re.M):
                raise Mixed(volume, f"what is mounted of {volume} is not {outcome}:\n{sums}")

    def _judge(self, outcome):
        meta = self.machine.part(self.disk, "meta")
        wrong = judge.at_rest(meta)
        if not wrong and self.machine.loader:
            self._whole_slot()
            wrong = self._loader("at_rest", self.disk, outcome)
            if not wrong and self._loader("half_left", self.disk, outcome):
                self._next_update(outcome)
        if wrong:
            raise Bad(wrong)
        for volume, content in self.want[outcome].items():
            if self.machine.part(self.disk, volume) != content:
                raise Mixed(volume, f"at rest, {volume} is not {outcome}, byte for byte")
        is_kept = judge.kept_in(meta)
        if is_kept and is_kept.version == outcome:
            raise Bad(f"{outcome} is kept, which is what lies on the volumes")
        life = self.machine.life
        due = life.keeps and not life.forgets and judge.kept_due(meta)
        if due and not is_kept and not self.excused:
            raise Bad("the system before is not kept, and nobody has said so")
        self._whole_kept(meta)
        data = self.where / "data.img"
        data.write_bytes(self.machine.part(self.disk, "data"))
        wrong = judge.data_fs(data, self.recording.free_blocks, is_kept)
        if wrong:
            raise Bad(wrong)

    def _goes_not_back(self, outcome):
        """What was kept is lost: whoever asks for it is told, and nothing else happens."""
        shutil.rmtree(self.where / "vm", ignore_errors=True)
        vm = self.fork.start(self.where / "vm", self.disk)
        try:
            vm.wait_up()
            code, out = vm.run("cowboot rollback")
            vm.poweroff()
        except (Gone, Timeout) as e:
            raise Bad(str(e)[-2500:]) from None
        finally:
            vm.kill()
        if code != 1 or "cowboot: cannot go back to" not in out:
            raise Bad(f"what was kept is lost, and cowboot rollback ended with {code}:\n{out}")
        leads = self._leads_to(self.machine.part(self.disk, "meta"))
        if leads != outcome:
            raise Bad(f"what was kept is lost, and the record leads to {leads}")
        self._judge(outcome)

    def _next_update(self, outcome):
        """What is left of the last one must not be in the way of the next."""
        if outcome == "new":
            raise Bad("half a program is left in the old slot, which nobody wrote")
        shutil.rmtree(self.where / "vm", ignore_errors=True)
        shutil.copyfile(self.disk, self.where / "next.img")
        vm = self.fork.start(self.where / "vm", self.where / "next.img")
        try:
            vm.wait_up()
            vm.channel.put("/run/bundle", self.recording.bundle.read_bytes())
            code, out = vm.run("cowboot install /run/bundle")
            vm.poweroff()
        finally:
            vm.kill()
        if code != 4:
            raise Bad(f"the next install ended with {code}: {out}")
        wrong = self.machine.loader.harm(self.where / "next.img")
        if wrong:
            raise Bad(f"after the next install {wrong}")

    def keep(self, target):
        """Moves the disk and the consoles of the last run there, for a person to look at."""
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for each in os.listdir(self.where):
            shutil.move(self.where / each, target / each)
