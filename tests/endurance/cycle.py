# SPDX-License-Identifier: MIT
"""One cycle: a random update, from its install to rest, with random cuts of the power on the way.

The person before the board has drawn what to do with the update: good, bad (mark-bad), silent (not
a word, until the tries are spent), panic (so does the update), cancel. After a cut the person sees
what came up and goes on: installs again what was not installed, confirms what runs.

Instead of an update, a cycle may be the way back to what is kept (Update.back): `cowboot rollback`
takes the place of the install, and all else is the same.

A cut is made after the fact: the power-on is recorded up to the end of one of its windows (boot, a
command, off), and the disk becomes what it was before, and of the log what a cut at a random entry
of that window leaves. Amid a merge or its proof, the disk may besides have lied about its flushes: then some of what
was merged is lost as well. `allowed` says all the while on which systems the board may come to rest.
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
from ground import VOLUMES
from judged import Bad, Judged
from stream import Gone, Timeout
from tiny import image
from update import make, version_of

POWER_ONS_MAX = 16
EXTENTS_AT = 368
UNKEPT = "cannot be kept, so that there will be no way back to it"
LIE_SHARE = 0.5         # of the cuts amid a merge or its proof
FORGET_SHARE = 0.1      # of the installs beside something that is kept
LOOK = ("for v in {volumes}; do md5sum /dev/mapper/$v; done; "
        "grep -q ' /data ' /proc/mounts || echo unmounted; cowboot status --json")


@dataclass
class Tally:
    """What was done and what came of it; counts by name."""
    counts: dict = field(default_factory=dict)

    def add(self, name, more=1):
        self.counts[name] = self.counts.get(name, 0) + more

    def most(self, name, value):
        self.counts[name] = max(self.counts.get(name, 0), value)


class Cycle(Judged):
    """Runs one update on the ground's disk; raises Bad. `told` is what has happened, in words."""

    def __init__(self, ground, forks, update, rng, where, tally):
        super().__init__(ground, update, tally)
        self.fork, self.rng, self.where, self.installed = forks[update.store], rng, where, False
        old, self.bundle = self.systems[self.version], None
        if not update.back:
            self.systems[update.version], self.bundle = make(update, self.version, old, rng, where)
        self.want = {"old": old, "new": self.systems[update.version]}
        tally.add("chunks", sum(image.changed_chunks(old[v], self.want["new"][v]) for v in VOLUMES))

    # ---- the person ----------------------------------------------------------------------------

    def _acts(self, phase):
        """What the person does now: (window, command, exit codes, where it leads when done)."""
        scratch = f"(head -c {self.rng.randint(1, 400000)} /dev/urandom > /data/scratch &); "
        scratch = scratch if self.rng.random() < 0.3 else ""
        intent = self.update.intent
        if phase in ("idle", "staging") and not self.installed:
            if self.update.back:
                yield "rollback", "cowboot rollback", (4,), "new"
            else:
                if self.before and phase == "idle" and self.rng.random() < FORGET_SHARE:
                    yield "forget", "cowboot forget", (0, 2), "old"
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
        if UNKEPT in out:
            self.unkept = True
            self.tally.add("not kept")

    def _windows(self, vm, log):
        """Runs a power-on. Yields each window when it is through: (name, its first entry, where it
        may lead while it lasts, and when it is through); returns whether the board is at rest."""
        record, before = self.record(), self.must_be_allowed()
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
            self.repair("data cannot be mounted")
        self.must_be_allowed()
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
        self._put(base, entries, cut)
        if self._merges() and self.rng.random() < LIE_SHARE:
            cut = cuts.lie(self.rng, entries, cut, self._is_volume) or cut
            self._put(base, entries, cut)
        start, size = self.machine.parts["data"]
        self.torn_data |= any(start <= entries[n].at < start + size for n in cut.torn)
        self.told.append(f"{name}!{cut}")
        for what, more in ((f"cuts in {name}", 1), ("cuts", 1), ("lost", len(cut.lost)),
                           ("torn", len(cut.torn)), ("lies", bool(cut.lies)),
                           ("lost by lies", len(cut.lies))):
            self.tally.add(what, more)
        self.allowed = during | then
        self.allowed = {self.must_be_allowed()}
        self.installed |= self.allowed == {"new"}

    def _put(self, base, entries, cut):
        shutil.copyfile(base, self.disk)
        with open(self.disk, "r+b") as f:
            for at, data in cut.state.writes(entries):
                f.seek(at)
                f.write(data)

    def _merges(self):
        """Whether what was merged is still in its store, too: from then on a lie is one too many."""
        now = self.record()
        return isinstance(now, judge.Record) and now.phase in ("merging", "proving")

    def _is_volume(self, e):
        return any(at <= e.at < at + size for at, size in (self.machine.parts[v] for v in VOLUMES))

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

    # ---- all of it -----------------------------------------------------------------------------

    def run(self):
        """From one system at rest to the same or the other one, at rest."""
        for _ in range(POWER_ONS_MAX):
            if self.power_on():
                break
            self._extents()
        else:
            raise Bad(f"not at rest after {POWER_ONS_MAX} power-ons")
        self.judge(self.leads_to())
        result = self.result(self.record())
        if result is None:
            raise Bad("the record does not tell how the update ended")
        self.tally.add(f"back {result}" if self.update.back else result)
        return result

    def _extents(self):
        record = self.record()
        if isinstance(record, judge.Record) and record.phase in ("trial", "merging", "proving"):
            self.tally.most("most extents", struct.unpack_from("<I", record.data, EXTENTS_AT)[0])
