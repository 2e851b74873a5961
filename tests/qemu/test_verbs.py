# SPDX-License-Identifier: MIT
"""The verbs on a board, beside the main job: in the wrong phase, twice, by the wrong user, on a
record that cannot be used. The exit codes are the design's; what is refused changes nothing."""
import json
import random
import subprocess
from pathlib import Path

from artefacts import BUILD
from board import image_digest
from steps import begin_trial, ended, left, mapped, slow_down, speed_up, store_files
from tiny.image import changed_chunks

HERE = Path(__file__).resolve().parent
CHANGING = ("install /run/bundle", "mark-good", "mark-bad", "merge", "merge --wait", "cancel")


def check_refused(b, cases):
    """Each (arguments, exit code, message); not a byte of the record changes."""
    before = b.digests("meta", "system"), store_files(b), mapped(b)
    for args, code, message in cases:
        assert b.cowboot(args) == (code, f"cowboot: {message}\n"), args
    assert (b.digests("meta", "system"), store_files(b), mapped(b)) == before


IDLE = [
    ("mark-good", 2, "nothing to confirm: no update is pending"),
    ("mark-bad", 2, "nothing to refuse: no update is pending"),
    ("merge", 2, "nothing to merge: no update is pending"),
    ("merge --wait", 2, "nothing to merge: no update is pending"),
    ("cancel", 2, "nothing to cancel: no update is pending"),
]
PENDING = [
    ("install /run/bundle", 4, "new is installed already: reboot to try it"),
    ("mark-good", 3, "cannot confirm new: this boot does not run it; reboot first"),
    ("merge", 3, "cannot merge new: it is not confirmed; boot it and run cowboot mark-good"),
]
REFUSED = [
    ("install /run/bundle", 3, "cannot install: new waits for its trial boot; reboot, or drop it "
                               "with cowboot cancel"),
    ("mark-good", 3, "cannot confirm new: it was refused (no good); reboot to go back"),
]
TRIAL = [
    ("install /run/bundle", 3, "cannot install: the trial of new runs; confirm it with cowboot "
                               "mark-good or refuse it with cowboot mark-bad"),
    ("merge", 3, "cannot merge new: it is not confirmed; boot it and run cowboot mark-good"),
    ("cancel", 3, "cannot cancel new: it is what runs; cowboot mark-bad refuses it"),
]
MERGING = [
    ("install /run/bundle", 3, "cannot install: new is being merged; cowboot merge --wait waits for its end"),
    ("mark-bad", 3, "cannot refuse new: it is confirmed and merging, there is no way back"),
    ("cancel", 3, "cannot cancel new: it is confirmed and merging, there is no way back"),
]


def test_verbs_in_the_wrong_phase(board, images, bundle):
    old, new = images.pair(change=400, spread="scattered")
    update = bundle(system=(old, new)).read_bytes()
    b = board(old)
    b.channel.put("/run/bundle", update)
    check_refused(b, IDLE)
    b.run("cowboot install /run/bundle", check=False)
    b.channel.put("/run/bundle", update)
    check_refused(b, PENDING)
    # A refusal of what does not run is told as what it is, and cancel keeps the reason.
    assert b.cowboot("mark-bad 'no good'") == (
        0, "refused new (no good): it does not run, and the next boot drops it; cowboot cancel does "
           "so now\n")
    b.channel.put("/run/bundle", update)
    check_refused(b, REFUSED)
    b.run("cowboot cancel", check=True)
    assert b.status()["last"]["reason"] == "cancelled before it was booted: no good"
    b.channel.put("/run/bundle", update)
    assert b.cowboot("install /run/bundle")[0] == 4
    assert b.reboot() == "new"
    b.channel.put("/run/bundle", update)
    check_refused(b, TRIAL)
    # Where device-mapper does not answer, as in a container, nobody can tell what runs.
    b.run("mount -t tmpfs -o ro x /dev/mapper", check=True)
    before = b.digests("meta")
    for args in "cancel", "mark-good", "install /run/bundle":
        code, out = b.cowboot(args)
        assert code == 1 and ": cannot tell what runs here: " in out, out
    assert b.status()["running"] == "unknown" and b.digests("meta") == before
    b.run("umount /dev/mapper", check=True)

    # Confirming twice is confirming once.
    slow_down(b)
    assert b.cowboot("mark-good")[0] == 0
    meta = b.partition_digest("meta")
    for verb in ("mark-good", "merge", "merge"):
        code, out = b.cowboot(verb)
        assert code == 0 and out.endswith("%; cowboot merge --wait waits for its end\n")
    assert b.partition_digest("meta") == meta
    assert 0 < left(b)
    for args, code, message in MERGING:     # the volume changes meanwhile
        assert b.cowboot(args) == (code, f"cowboot: {message}\n"), args
    assert b.partition_digest("meta") == meta
    assert 0 < left(b) < changed_chunks(old.read_bytes(), new.read_bytes())
    speed_up(b)
    assert b.cowboot("mark-good --wait")[0] == 0
    assert ended(b)[::2] == ("merged", "new")
    check_refused(b, IDLE)
    assert b.digest() == image_digest(new)


def test_status_changes_nothing(board, images, bundle):
    """Twice the same, in each phase, and no byte on the disk."""
    old, new = images.pair()
    b = board(old)

    def look():
        before = b.digests("meta", "system")
        said = [b.run(f"cowboot status {how}", check=True)
                for _ in range(2) for how in ("", "--json", "--explain", "--json --explain")]
        assert said[:4] == said[4:]
        assert b.digests("meta", "system") == before
        return json.loads(said[3])["next_boot"]
    assert look() == {"persist": "nothing", "map": "linear", "then": "boot",
                      "code": "never-installed", "reason": "no update was ever installed",
                      "detail": None}
    code, _ = b.install(bundle(system=(old, new)))
    assert code == 4
    on_trial = {"persist": "spend", "map": "snapshot", "then": "boot",
                "code": "on-trial", "reason": "the new system is on trial", "detail": None}
    assert look() == on_trial
    assert b.reboot() == "new"
    said = b.boot_json()        # what was said is what was done
    assert said["plan"] | {key: said[key] for key in ("code", "reason", "detail")} == on_trial
    assert look() == on_trial


USAGE = [
    ("", "no verb given; see cowboot --help"),
    ("explode", "unknown verb 'explode'; see cowboot --help"),
    ("--loud status", "unknown option '--loud'; see cowboot --help"),
    ("status --loud", "unknown option '--loud'; see cowboot status --help"),
    ("status now", "status takes no operand; see cowboot status --help"),
    ("install", "one bundle, its URL, or - for standard input; see cowboot install --help"),
    ("install a b", "one bundle, its URL, or - for standard input; see cowboot install --help"),
    ("mark-bad a b", "one reason at most; put it in quotes; see cowboot mark-bad --help"),
    ("mark-bad ''", "a reason is one line of 1 to 159 bytes; see cowboot mark-bad --help"),
]


def test_usage(board):
    b = board()
    check_refused(b, [(args, 64, message) for args, message in USAGE])


def test_not_root(board, cache):
    def make(out):
        subprocess.run([BUILD / "arm64/musl-gcc", "-Os", "-s", "-o", out, HERE / "as_nobody.c"],
                       check=True)
    b = board()
    helper = cache.get("as-nobody", make, HERE / "as_nobody.c")
    b.channel.put("/run/as-nobody", helper.read_bytes())
    assert "Uid:\t65534\t65534" in b.run("/run/as-nobody cat /proc/self/status", check=True)
    before = b.digests("meta", "system")
    for verb in (*CHANGING, "status"):
        name = "show the status" if verb == "status" else verb.split()[0]
        if verb == "install /run/bundle":
            b.channel.put("/run/bundle", b"")
        assert b.run(f"/run/as-nobody cowboot {verb}") == (
            1, f"cowboot: cannot {name}: must be root\n")
    assert b.run("/run/as-nobody cowboot --version")[0] == 0
    assert b.digests("meta", "system") == before


def test_without_meta(board):
    """A system that was not booted through cowboot, or not as it is configured."""
    b = board()
    b.run("sed s/PARTLABEL=meta/PARTLABEL=gone/ /run/cowboot/cowboot.conf > /run/conf; "
          "touch /run/bundle", check=True)
    for verb in CHANGING:
        code, out = b.cowboot(f"--config /run/conf {verb}")
        assert code == 1
        assert out.endswith(f"cowboot: cannot {verb.split()[0]}: cannot read the record: no "
                            "partition PARTLABEL=gone\n")
    out = b.run("cowboot --config /run/conf status --json 2> /dev/null", check=True)
    assert (json.loads(out)["phase"], json.loads(out)["record"]["health"]) == (None, "absent")
    out = b.run("cowboot --config /run/conf status 2> /dev/null", check=True)
    assert "record   absent: its partition is not there" in out


def test_damaged_record_in_a_running_system(board, images, bundle):
    """Nobody writes over what could not be read (I4)."""
    old, new = images.pair()
    b = board(old)
    begin_trial(b, bundle(system=(old, new)))
    noise = random.Random(1).randbytes(4096)
    b.channel.put("/run/noise", noise)
    for block in (0, 128):      # the first of copy A and of copy B
        b.run(f"dd if=/run/noise of=/dev/vda3 bs=4096 seek={block} conv=notrunc,fsync", check=True)
    status = b.status()
    assert (status["phase"], status["running"]) == (None, "unknown")
    assert status["record"]["health"] == "damaged"
    assert status["record"]["copies"] == ["damaged", "damaged"]
    out = b.run("cowboot status --explain", check=True)
    why = "copy A is damaged or unreadable, copy B is damaged or unreadable"
    assert f"record   damaged, on /dev/vda3: {why}" in out
    assert "recovery: the record is damaged: whether a merge has begun is not known" in out
    b.run("touch /run/bundle", check=True)
    check_refused(b, [(verb, 1, f"cannot {verb.split()[0]}: the record on /dev/vda3 cannot be used "
                                f"({why}); nothing was changed, see CAVEATS of cowboot(8)")
                      for verb in CHANGING])
    assert b.read_partition("meta")[:4096] == noise
