# SPDX-License-Identifier: MIT
"""What must be so of the disk of a cycle: between its power-ons, and when it has come to rest."""
import judge
import kept
from ground import VOLUMES, fsck

TO_AT, FROM_AT, TEXT_BYTES = 448, 384, 64
RESULTS = {1: "merged", 2: "reverted", 3: "cancelled"}


class Bad(Exception):
    """A system was lost, or mixed, or space was, or the board did not come to rest: why."""


class Judged:
    """The disk of a ground. systems: {version: {volume: bytes}} of the two that it may hold, and of what
    was kept before; want: the same two as "old" and "new"."""

    def __init__(self, ground, update, tally):
        self.ground, self.update, self.tally = ground, update, tally
        self.machine, self.disk = ground.machine, ground.disk
        self.allowed, self.torn_data, self.told = {"old"}, False, []
        self.unkept = False     # a command has said that there will be no way back
        self.systems, self.want = ground.systems(), {}
        self.version, self.before = ground.version, ground.before
        self.free, self.frame = ground.clean_blocks(), ground.frame()

    # ---- the record, from outside --------------------------------------------------------------

    def record(self):
        return judge.record(self.ground.part("meta"))

    def leads_to(self):
        """Which system the disk leads to; a result of an earlier cycle is none of this one."""
        now = self.record()
        if now == "damaged":
            return "recovery"
        if now is None:
            return "old"
        if now.phase == "idle":
            return "new" if self.result(now) == "merged" else "old"
        return "new" if judge.goes_on(now) else "old"

    def result(self, record):
        def text(at):
            return record.data[at:at + TEXT_BYTES].split(b"\0")[0].decode()
        mine = (text(FROM_AT), text(TO_AT)) == (self.version, self.update.version)
        return RESULTS.get(record.result) if mine else None

    def must_be_allowed(self):
        """Where the disk leads to; whatever it says is kept must be there."""
        leads = self.leads_to()
        if leads not in self.allowed:
            raise Bad(f"the record leads to {leads}, after what was done only "
                      f"{' or '.join(sorted(self.allowed))} is right")
        self._whole_kept()
        return leads

    def _whole_kept(self):
        """What the record says is kept leads to one of the systems there are, byte for byte."""
        is_kept = judge.kept_in(self.ground.part("meta"))
        if not is_kept:
            return None
        if is_kept.version not in self.systems:
            raise Bad(f"{is_kept.version} is kept, and nobody knows it")
        wrong = kept.wrong(is_kept, self.ground.part, self.systems[is_kept.version])
        if wrong:
            raise Bad(wrong)
        return is_kept

    # ---- at rest -------------------------------------------------------------------------------

    def judge(self, outcome):
        """At rest: what must be."""
        wrong = judge.at_rest(self.ground.part("meta"))
        if wrong:
            raise Bad(wrong)
        for v, content in self.want[outcome].items():
            if self.ground.part(v) != content:
                raise Bad(f"at rest, {v} is not {outcome}, byte for byte")
        if self.ground.frame() != self.frame:
            raise Bad("bytes outside all that an update may touch have changed")
        is_kept = self._right_kept(outcome)
        damaged = fsck(self.ground.take_data())
        if damaged:
            self.repair(f"data is damaged:\n{damaged}")
        wrong = (judge.data_fs(self.ground.take_data(), self.free, is_kept) or
                 self.ground.wrong_files())
        if wrong:
            raise Bad(wrong)
        self.ground.went_to(self.update.version if outcome == "new" else self.version,
                            self.systems[is_kept.version] if is_kept else None, is_kept)

    def _right_kept(self, outcome):
        """A merge keeps what it has replaced, unless it has said otherwise; what was kept before is
        dropped only by an install, or a person."""
        is_kept = self._whole_kept()
        if outcome == "new":
            due, right = not self.unkept, self.version
        else:
            due, right = self.update.back, self.before and self.before[0]
        if is_kept and is_kept.version != right:
            raise Bad(f"{is_kept.version} is kept, not {right or 'nothing'}")
        if due and right and not is_kept:
            raise Bad(f"{right} is not kept, and nobody has said so")
        if is_kept:
            self.tally.add("kept")
        return is_kept

    def repair(self, why):
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
