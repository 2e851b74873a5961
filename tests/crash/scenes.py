# SPDX-License-Identifier: MIT
"""What a board does while one request to its disk fails, and what must be so afterwards. Each scene
returns in a few words how it ended; what must not be raises Bad.

A command ends as if nothing had failed, or with 1 and a line that says what it cannot do. A boot
ends in the system that the record says, whole on all volumes (I12), perhaps after a reboot (I10).
Then, with a sound disk again, each board comes to rest and nothing is lost.
"""
import json
import re

from failing import SUMS
from rest import Bad

TRIES = 3       # of the board's configuration
# The shell could not read the command, or the kernel its text: not for the command to explain.
NOT_READ = (126, 127, 135)


class Scene:
    """start: where it begins. act(board): what is done; disarms the disk when that is over."""

    def __init__(self, name, start, act):
        self.name, self.start, self.act = name, start, act


# ---- commands --------------------------------------------------------------------------------

def install(b):
    code, out = b.command("cowboot install /run/bundle", 4)
    b.disarm()
    if code == 4:
        b.rest("new")
        return "installed"
    if b.shows("old")["running"] != "confirmed":
        raise Bad(f"another system runs after the install failed:\n{out}")
    end = "refused" if _clear(b) else "refused, cleared up by the next boot"
    b.off()
    if b.leads_to() != "old":
        raise Bad(f"the install failed, and the record leads to {b.leads_to()}")
    b.boot("old")
    b.shows("old")
    if not _clear(b):
        raise Bad(f"the next boot does not clear up after a failed install:\n{out}")
    b.vm.channel.put("/run/bundle", b.points.bundle.read_bytes())
    b.must("cowboot install /run/bundle", 4)
    b.rest("new")
    return end


def _clear(b):
    """Nothing is left of an install."""
    files = b.must("ls -A /data/cowboot", 0)
    return _status(b)["phase"] == "idle" and not files.split()


def cancel(b):
    code, out = b.command("cowboot cancel", 0)
    b.disarm()
    b.must("cowboot cancel", 0, 2)
    b.rest("old")
    return "refused" if code else "cancelled"


def confirm(b):
    """mark-good, and the merge to its end."""
    return _confirmed(b, "new")


def back(b):
    """The same of the old system, which was kept."""
    return _confirmed(b, "old")


def _confirmed(b, version):
    code, out = b.command("cowboot mark-good --wait", 0, 4)
    b.disarm()
    with b.told(_merge_failed(b, out)):
        b.shows(version)
        end = "merged" if not code else "not confirmed"
        if "Merge failed" in out:
            _left_alone(b, version)
            end = "merge failed"
        elif code:
            out = b.must("cowboot mark-good --wait", 0, 1, 2, 4)
            if "cannot" in out and "reboot" not in out:
                raise Bad(f"afterwards mark-good says:\n{out}")
        b.rest(version)
    return end if b.is_kept() else f"{end}, nothing is kept"


def _merge_failed(b, out):
    """The volumes whose merge failed, by what a command said and by the kernel's word."""
    if "Merge failed" not in out:
        return []
    return [v["name"] for v in _status(b)["volumes"] if v["trouble"] == "Merge failed"]


def _status(b):
    out = b.must("cowboot status --json", 0)
    return json.loads(out[out.index("{"):])


def _left_alone(b, version):
    """After Merge failed nothing touches the device before the next boot (I7)."""
    frozen = [b.machine.part(b.disk, v) for v in b.want["new"]]
    table = b.must("cowboot status", 0)
    for verb in ("merge --wait", "mark-good --wait"):
        out = b.must(f"cowboot {verb}", 1)
        if "reboot, the next boot merges on" not in out:
            raise Bad(f"after a failed merge `cowboot {verb}` says:\n{out}")
    if b.must("cowboot status", 0) != table:
        raise Bad("a volume whose merge failed was touched")
    if frozen != [b.machine.part(b.disk, v) for v in b.want["new"]]:
        raise Bad("a volume whose merge failed was written")
    if b.leads_to() != version or b.record().phase != "merging":
        raise Bad("a failed merge is not in the record")


def refuse(b):
    code, out = b.command("cowboot mark-bad 'it is bad'", 4)
    b.disarm()
    if code == 1:
        b.must("cowboot mark-bad 'it is bad'", 4)
    b.rest("old")
    return "refused" if code else "said"


def rollback(b):
    code, out = b.command("cowboot rollback", 4)
    b.disarm()
    if code == 4:
        b.rest("old")
        return "armed"
    if b.shows("new")["running"] != "confirmed":
        raise Bad(f"another system runs after the rollback failed:\n{out}")
    b.off()
    if b.leads_to() != "new":
        raise Bad(f"the rollback failed, and the record leads to {b.leads_to()}")
    b.boot("new")
    b.shows("new")
    b.must("cowboot rollback", 4)
    b.rest("old")
    return "refused"


def forget(b):
    code, out = b.command("cowboot forget", 0)
    b.disarm()
    b.must("cowboot forget", 0, 2)
    b.excused = True
    b.rest("new")
    if b.is_kept():
        raise Bad(f"what was forgotten is kept:\n{out}")
    return "refused" if code else "forgotten"


# ---- boots -----------------------------------------------------------------------------------

def _booted(b, came, *versions):
    """What an armed boot came to is right, and whole."""
    if came.startswith("recovery"):
        raise Bad(f"{came}\n{b.vm.serial.text()[-3000:]}")
    if came == "again":
        b.off(orderly=False)
        return came
    if came == "unknown" and b.failed and b.failed.kind == "read":
        b.off()     # it was the new root's own read of its version, and none of cowboot's
        return "a root without its version"
    if came not in versions:
        raise Bad(f"{came} came up, not {' or '.join(versions)}")
    out = b.must(SUMS.format(" ".join(b.want[came])), 0, 1)
    b.compare(came, out)
    without = "" if re.search("^mine$", out, re.M) else ", without data"
    b.off()
    return f"{came}{without}"


def trial(b):
    came = b.come_up()
    b.disarm()
    end = _booted(b, came, "old", "new")
    leads = b.leads_to()
    if leads not in ("old", "new"):
        raise Bad(f"the record leads to {leads}")
    if came == "new" and (leads == "old" or b.record().tries_left != TRIES - 1):
        raise Bad(f"NEW is on trial, and of {TRIES} tries "
                  f"{b.record().tries_left} are left (I1)")
    b.rest(leads)
    return f"{end}, then {leads}"


def going_back(b):
    end = _booted(b, _came(b), "old")
    b.rest("old")
    return end


def quiet(b):
    end = _booted(b, _came(b), "new")
    b.rest("new")
    return end


def _came(b):
    came = b.come_up()
    b.disarm()
    return came


def merge_on(b):
    """A boot amid the merge, and the merge to its end."""
    came, out = b.come_up(), ""
    if came == "new":
        _, out = b.command("cowboot merge --wait", 0, 2, 4, *NOT_READ)
    b.disarm()
    with b.told(_merge_failed(b, out)):
        if "Merge failed" in out:
            _left_alone(b, "new")
        end = _booted(b, came, "new")
        b.rest("new")
    return f"{end}, merge failed" if "Merge failed" in out else end


SCENES = {scene.name: scene for scene in (
    Scene("install", "install", install),
    Scene("cancel", "pending", cancel),
    Scene("trial", "trial", trial),
    Scene("refuse", "tried", refuse),
    Scene("revert", "refused", going_back),
    Scene("confirm", "tried", confirm),
    Scene("merging", "merging", merge_on),
    Scene("idle", "idle", quiet),
    Scene("rollback", "kept", rollback),
    Scene("back", "back", back),
    Scene("forget", "kept", forget),
)}
