# SPDX-License-Identifier: MIT
"""One cycle: a random update, from its install to rest, with random cuts of the power on the way.

The person before the board has drawn what to do with the update: good, bad (mark-bad), silent (not
a word, until the tries are spent), panic (so does the update), cancel. After a cut the person sees
what came up and goes on: installs again what was not installed, confirms what runs.

A cut is made after the fact: the power-on is recorded up to the end of one of its windows (boot, a
command, off), and the disk becomes what it was before, and of the log what a cut at a random entry
of that window leaves. `allowed` says all the while on which systems the board may come to rest.
"""
import json
import re
import shutil
import struct
from dataclasses import dataclass, field
from hashlib import md5

import blklog
import cuts
import judge
from ground import VOLUMES, fsck
from stream import Gone, Timeout
from tiny import image
from update import make, version_of

POWER_ONS_MAX = 16
TO_AT, TO_BYTES, EXTENTS_AT = 448, 64, 368
RESULTS = {1: "merged", 2: "reverted", 3: "cancelled"}
LOOK = ("for v in {volumes}; do md5sum /dev/mapper/$v; done; "
        "grep -q ' /data ' /proc/mounts || echo unmounted; cowboot status --json")


class Bad(Exception):
    """A system was lost, or mixed, or space was, or the board did not come to rest: why."""


@dataclass
class Tally:
    """What was done and what came of it; counts by name."""
    counts: dict = field(default_factory=dict)

    def add(self, name, more=1):
        self.counts[name] = self.counts.get(name, 0) + more

    def most(self, name, value):
        self.counts[name] = max(self.counts.get(name, 0), value)


class Cycle:
    """Runs one update on the ground's disk; raises Bad. `told` is what has happened, in words."""

    def __init__(self, ground, forks, update, rng, where, tally):
        self.ground, self.fork, self.update, self.rng = ground, forks[update.store], update, rng
        self.machine, self.disk = ground.machine, ground.disk
        self.where, self.tally = where, tally
        self.allowed, self.installed, self.torn_data, self.told = {"old"}, False, False, []
        self.old = {v: ground.part(v) for v in VOLUMES}
        self.new, self.bundle = make(update, self.old, rng, where)
        self.want = {"old": self.old, "new": self.new}
        tally.add("chunks", sum(image.changed_chunks(self.old[v], self.new[v]) for v in VOLUMES))
        self.free, self.frame = ground.free_blocks(), ground.frame()

    # ---- the record, from outside --------------------------------------------------------------

    def _record(self):
        return judge.record(self.ground.part("meta"))

    def leads_to(self):
        """Which system the disk leads to; a result of an earlier cycle is none of this one."""
        meta = self.ground.part("meta")
        now = judge.record(meta)
        if isinstance(now, judge.Record) and now.phase == "idle":
            return "new" if self._result(now) == "merged" else "old"
        return judge.leads_to(meta)

    def _result(self, record):
        to = record.data[TO_AT:TO_AT + TO_BYTES].rstrip(b"\0").decode()
        return RESULTS.get(record.result) if to == self.update.version else None

    def _must_be_allowed(self):
        leads = self.leads_to()
        if leads not in self.allowed:
            raise Bad(f"the record leads to {leads}, after what was done only "
                      f"{' or '.join(sorted(self.allowed))} is right")
        return leads

    # ---- the person ----------------------------------------------------------------------------

    def _acts(self, phase):
        """What the person does now: (window, command, exit codes, where it leads when done)."""
        scratch = f"(head -c {self.rng.randint(1, 400000)} /dev/urandom > /data/scratch &); "
        scratch = scratch if self.rng.random() < 0.3 else ""
        intent = self.update.intent
        if phase in ("idle", "staging") and not self.installed:
            yield "install", scratch + "cowboot install /run/bundle", (4,), "new"
            self.installed = True
            if intent == "cancel":
                yield "cancel", "cowboot cancel", (0,), "old"
        elif phase == "trial" and intent == "good":
            wait = self.rng.random() < 0.5
            yield "mark-good", scratch + "cowboot mark-good" + " --wait" * wait, (0,), "new"
            if wait or self.rng.random() < 0.8:
                yield "merge", "cowboot merge --wait", (0, 2), "new"
        elif phase == "trial" and intent in ("bad", "cancel"):
            yield "mark-bad", "cowboot mark-bad 'it is bad'", (4,), "old"
        elif phase in ("merging", "proving"):
            yield "merge", scratch + "cowboot merge --wait", (0, 2), "new"

    def _at_rest(self, phase):
        return phase == "idle" and self.installed

    # ---- a power-on ----------------------------------------------------------------------------

    def _look(self, vm, outcome):
        """Compares what is mounted; the phase, or None when data is not mounted."""
        code, out = vm.run(LOOK.format(volumes=" ".join(VOLUMES)))
        for v, content in self.want[outcome].items():
            if not re.search(rf"^{md5(content).hexdigest()}  /dev/mapper/{v}$", out, re.M):
                raise Bad(f"what is mounted of {v} is not {outcome}:\n{out}")
        if "unmounted" in out:
            return None
        if code:
            raise Bad(f"cowboot status ended with {code}:\n{out}")
        return json.loads(out[out.index("{"):])["phase"]

    def _boot(self, vm, outcome):
        """Waits for the system that must come up, and looks at it: the phase; None: data is not
        mounted; "gone": the board chose to start again."""
        dies = self.update.intent == "panic" and outcome == "new"
        try:
            version = vm.wait_up()
        except Gone:
            self.tally.add("restarts", not dies)
            return "gone"
        if dies or version != version_of(self.want[outcome]["system"]):
            raise Bad(f"{version} came up, not {outcome}")
        return self._look(vm, outcome)

    def _after_boot(self, record, outcome):
        """Where the board leads once it is up: a trial has spent a try."""
        if isinstance(record, judge.Record) and record.phase == "trial" and outcome == "new":
            return "new" if record.tries_left > 1 else "old"
        return outcome

    def _run(self, vm, name, command, codes):
        if name == "install":
            vm.channel.put("/run/bundle", self.bundle)
        code, out = vm.run(command)
        if code not in codes:
            raise Bad(f"`{command}` ended with {code}:\n{out}")

    def _windows(self, vm, log):
        """Runs a power-on. Yields each window when it is through: (name, its first entry, where it
        may lead while it lasts, and when it is through); returns whether the board is at rest."""
        record, before = self._record(), self._must_be_allowed()
        after = self._after_boot(record, before)
        phase = self._boot(vm, before)
        yield "boot", 0, {before, after}, {after}
        if phase in (None, "gone"):
            yield from self._off(vm, log, after, phase == "gone")
            return phase
        self.installed |= phase in ("trial", "merging", "proving")
        for name, command, codes, leads in self._acts(phase):
            first = blklog.count(log)
            self._run(vm, name, command, codes)
            yield name, first, {after, leads}, {leads}
            after = leads
        phase = json.loads(vm.run("cowboot status --json", check=True))["phase"]
        if self._at_rest(phase):
            vm.run("rm -f /data/scratch; sync", check=True)
        yield from self._off(vm, log, after, False)
        return phase

    def _off(self, vm, log, leads, gone):
        first = blklog.count(log)
        if not gone:
            vm.poweroff()
        yield "off", first, {leads}, {leads}

    def power_on(self):
        """One power-on, cut or not; whether the board is at rest after it."""
        self.tally.add("power-ons")
        base, vm_dir = self.where / "base.img", self.where / "vm"
        shutil.copyfile(self.disk, base)
        shutil.rmtree(vm_dir, ignore_errors=True)
        log = vm_dir / "writes.log"
        cut_in = self._choose()
        vm = self.fork.start(vm_dir, self.disk)
        windows, phase, number = self._windows(vm, log), None, 0
        try:
            while True:
                name, first, during, then = next(windows)
                number += 1
                if number == cut_in or cut_in and name == "off":
                    last = blklog.count(log)
                    vm.kill()
                    self._cut(base, self._entries(log), name, first, last, during, then)
                    return False
                self.allowed = then
                self.told.append(name)
        except StopIteration as end:
            phase = end.value
        except (Gone, Timeout) as e:
            raise Bad(str(e)[-2500:]) from None
        finally:
            windows.close()
            vm.kill()
        self._log_is_whole(base, self._entries(log))
        if phase is None:
            self._repair("data cannot be mounted")
        self._must_be_allowed()
        return self._at_rest(phase)

    def _choose(self):
        """The number of the window in which this power-on is cut: 1 is the boot; None."""
        if not self.update.cuts or self.rng.random() < 0.3:
            return None
        self.update.cuts -= 1
        return self.rng.choice((1, 2, 2, 3, 3, 4))

    def _cut(self, base, entries, name, first, last, during, then):
        """Puts on the disk what a cut in this window leaves."""
        device = self.machine.device
        cut = cuts.draw(self.rng, entries, first, last, device.sector_bytes, device.ordered)
        shutil.copyfile(base, self.disk)
        with open(self.disk, "r+b") as f:
            for at, data in cut.state.writes(entries):
                f.seek(at)
                f.write(data)
        start, size = self.machine.parts["data"]
        self.torn_data |= any(start <= entries[n].at < start + size for n in cut.torn)
        self.told.append(f"{name}!{cut}")
        for what, more in ((f"cuts in {name}", 1), ("cuts", 1), ("lost", len(cut.lost)),
                           ("torn", len(cut.torn))):
            self.tally.add(what, more)
        self.allowed = during | then
        self.allowed = {self._must_be_allowed()}
        self.installed |= self.allowed == {"new"}

    @staticmethod
    def _entries(log):
        """QEMU begins a log with the first write: a quiet boot has none."""
        return blklog.read(log) if blklog.count(log) else []

    def _log_is_whole(self, base, entries):
        """The log tells all that the disk took: else the cuts would be cuts of something else."""
        disk = bytearray(base.read_bytes())
        for e in entries:
            disk[e.at:e.at + len(e.data)] = e.data
        if disk != self.disk.read_bytes():
            raise RuntimeError("the log does not lead to the disk")

    def _repair(self, why):
        """Data is repaired by e2fsck, as it would be on a board; only a torn block of ext4's own is
        an excuse."""
        if not self.torn_data:
            raise Bad(why)
        self.torn_data, data = False, self.ground.take_data()
        if judge.repair(data):
            self.tally.add("superblocks torn")
        self.ground.put_data()
        self.tally.add("repaired")
        self.told.append("e2fsck")

    # ---- all of it -----------------------------------------------------------------------------

    def run(self):
        """From one system at rest to the same or the next one, at rest."""
        for _ in range(POWER_ONS_MAX):
            if self.power_on():
                break
            self._extents()
        else:
            raise Bad(f"not at rest after {POWER_ONS_MAX} power-ons")
        self._judge(self.leads_to())
        result = self._result(self._record())
        if result is None:
            raise Bad("the record does not tell how the update ended")
        self.tally.add(result)
        return result

    def _extents(self):
        record = self._record()
        if isinstance(record, judge.Record) and record.phase in ("trial", "merging", "proving"):
            self.tally.most("most extents", struct.unpack_from("<I", record.data, EXTENTS_AT)[0])

    def _judge(self, outcome):
        """At rest: what must be."""
        wrong = judge.at_rest(self.ground.part("meta"))
        if wrong:
            raise Bad(wrong)
        for v, content in self.want[outcome].items():
            if self.ground.part(v) != content:
                raise Bad(f"at rest, {v} is not {outcome}, byte for byte")
        if self.ground.frame() != self.frame:
            raise Bad("bytes outside all that an update may touch have changed")
        damaged = fsck(self.ground.take_data())
        if damaged:
            self._repair(f"data is damaged:\n{damaged}")
        wrong = (judge.data_fs(self.ground.take_data(), self.free) or self.ground.wrong_files())
        if wrong:
            raise Bad(wrong)
