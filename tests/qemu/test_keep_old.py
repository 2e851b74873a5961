# SPDX-License-Identifier: MIT
"""How much of the old system is kept, and for how long: keep-old, where there is room and where there is none. A
third version is installed over one whose old system is kept already."""
import pytest
from board import image_digest
from steps import room_bytes, store_files
from tiny.image import changed_chunks

NOON = 1_800_000_000
DAY = 86_400


@pytest.fixture
def versions(images):
    """versions(first, second): three roots, the second and third with so many chunks changed."""
    def make(first, second):
        old = images.old()
        new = images.new(old, change=first, spread="runs", seed=1)
        third = images.new(new, version="third", change=second, spread="runs", seed=2)
        return old, new, third
    return make


def confirm(b, answer=0):
    code, out = b.cowboot("mark-good --wait", timeout=120)
    assert code == answer, out
    return out


def go_to(b, bundle, old, new, version):
    """Installs and boots the update from one image to the other; what install has said."""
    update = bundle(system=(old, new), version=version, args=("--from", old.stem))
    code, out = b.install(update)
    assert code == 4, out
    assert b.reboot() == version
    return out


def kept(b):
    found = b.status()["kept"]
    return found and (found["version"], found["bytes"])


def fill(b):
    """Takes all that anybody may have of data."""
    b.run("dd if=/dev/zero of=/data/fill bs=4096; sync")


def leave(b, free_bytes):
    """The same but for so much, and what the file system keeps for root."""
    reserved = int(b.run("stat -f -c %f /data", check=True)) - int(b.run("stat -f -c %a /data", check=True))
    fill(b)
    length = int(b.run("stat -c %s /data/fill", check=True))
    lacks = reserved - int(b.run("stat -f -c %f /data", check=True))
    b.run(f"truncate -s {length - lacks * 4096 - free_bytes} /data/fill && sync", check=True)


def with_yes(b, verb):
    """cowboot VERB, as if the configuration said `keep-old yes`."""
    b.run("sed 's/^keep-old must/keep-old yes/' /run/cowboot/cowboot.conf > /run/yes", check=True)
    return b.cowboot(f"--config /run/yes {verb}", timeout=120)


def install_with_yes(b, update):
    b.channel.put("/run/update", update.read_bytes())
    return with_yes(b, "install /run/update")


def chunks(old, new):
    return changed_chunks(old.read_bytes(), new.read_bytes())


def test_must_leaves_what_is_kept_when_there_is_no_room(board, versions, bundle):
    """A refusal changes nothing: what was kept before leads back still, when the trial is given up."""
    old, new, third = versions(8, 300)
    b = board(old, conf="keep-old must\n")
    go_to(b, bundle, old, new, "new")
    confirm(b)
    was = kept(b)
    assert was[1] == room_bytes(chunks(old, new))
    go_to(b, bundle, new, third, "third")
    fill(b)
    out = confirm(b, 1)
    assert "cannot confirm third, nothing was changed: new cannot be kept: " in out
    assert kept(b) == was and b.status()["phase"] == "trial"
    assert len(store_files(b)) == 2, "the trial's and the kept one"
    b.run("rm /data/fill", check=True)
    b.cowboot("mark-bad 'no room'")
    assert b.reboot() == "new"
    assert kept(b) == was
    assert b.cowboot("rollback")[0] == 4
    assert b.reboot() == "old"
    confirm(b)
    assert b.partition_digest("system") == image_digest(old)


def test_an_older_one_stays_until_the_new_one_is_there(board, versions, bundle):
    """With room for both: an install drops nothing, and only the confirmation puts one in the other's place."""
    old, new, third = versions(40, 60)
    b = board(old, conf="keep-old must\n")
    go_to(b, bundle, old, new, "new")
    confirm(b)
    assert "is not kept any longer" not in go_to(b, bundle, new, third, "third")
    assert kept(b)[1] == room_bytes(chunks(old, new))
    assert "is not kept any longer" not in confirm(b)
    assert kept(b) == ("new", room_bytes(chunks(new, third)))
    assert len(store_files(b)) == 1
    assert b.cowboot("rollback")[0] == 4
    assert b.reboot() == "new"
    confirm(b)
    assert b.partition_digest("system") == image_digest(new)


def test_an_install_takes_the_space_of_what_is_kept(board, versions, bundle):
    """Without room for both, and says so. What replaces it at the confirmation finds room in the same place."""
    old, new, third = versions(300, 100)
    b = board(old, conf="keep-old must\n")
    go_to(b, bundle, old, new, "new")
    confirm(b)
    name = kept(b)[0]
    leave(b, 64 * 1024)
    assert f"{name} is not kept any longer: its space is needed" in go_to(b, bundle, new, third, "third")
    assert kept(b) is None
    confirm(b)
    assert kept(b) == ("new", room_bytes(chunks(new, third)))


def test_must_drops_nothing_for_an_install_that_is_refused(board, versions, bundle):
    """On a partition that has room for the new one in the old one's place, but not for what must be kept of it."""
    old, new, third = versions(250, 400)
    b = board(old, conf="keep-old must\n", store="cow", cow_mib=3)
    go_to(b, bundle, old, new, "new")
    confirm(b)
    was = kept(b)
    update = bundle(system=(new, third), version="third")
    code, out = b.install(update)
    assert code == 1 and f"no room, even if {was[0]} were not kept: " in out
    assert kept(b) == was and b.status()["phase"] == "idle"
    code, out = install_with_yes(b, update)
    assert code == 4
    assert f"{was[0]} is not kept any longer: its space is needed" in out
    assert "no room to keep the old system when third is confirmed: " in out
    assert b.reboot() == "third"
    assert with_yes(b, "mark-good --wait")[0] == 0
    assert kept(b) is None
    assert b.partition_digest("system") == image_digest(third)


def test_must_refuses_an_install_and_yes_goes_on(board, versions, bundle):
    """Whoever installs is told that there will be no way back; with must, nothing is installed."""
    old, new, _ = versions(300, 8)
    update = bundle(system=(old, new), args=("--from", "old"))
    b = board(old, conf="keep-old must\n")
    b.run("mkdir -p /data/cowboot", check=True)
    room = room_bytes(chunks(old, new))
    leave(b, room + room // 2)
    free = b.run("stat -f -c %f /data", check=True)
    why = "no room to keep the old system when new is confirmed: that needs "
    code, out = b.install(update)
    assert code == 1 and why in out and "cannot install" in out
    assert (b.status()["phase"], b.run("stat -f -c %f /data", check=True)) == ("idle", free)
    code, out = install_with_yes(b, update)
    assert code == 4 and why in out and "; it goes on without" in out
    assert b.reboot() == "new"
    assert "cannot confirm new, nothing was changed: old cannot be kept: " in confirm(b, 1)
    code, out = with_yes(b, "mark-good --wait")
    assert code == 0
    assert "old cannot be kept, so that there will be no way back to it: " in out
    assert kept(b) is None and store_files(b) == []
    assert b.cowboot("rollback")[0] == 2
    assert b.partition_digest("system") == image_digest(new)


def test_so_many_days(board, versions, bundle):
    """By the clock: mark-good of a later boot drops it, and not a day before."""
    old, new, _ = versions(8, 8)
    b = board(old, conf="keep-old 30\n")
    go_to(b, bundle, old, new, "new")
    b.run(f"date @{NOON}", check=True)
    confirm(b)
    assert kept(b)[1] == room_bytes(chunks(old, new))
    for later, stays in (30 * DAY - 600, True), (-DAY, True), (30 * DAY + 600, False):
        b.run(f"date @{NOON + later}", check=True)
        out = confirm(b, 2)
        assert ("is not kept any longer: it was for 30 days" in out) is not stays
        assert bool(kept(b)) is stays and len(store_files(b)) == stays
    assert b.cowboot("rollback")[0] == 2
