# SPDX-License-Identifier: MIT
"""The lives that the crash suite records: what a person does to a board, from the first command to
rest. A life begins on a disk that `before` has prepared and ends with the board switched off.

expect(...) says what a cut from here on may lead to, when every trial that comes up is marked good:
"old", "new", "recovery" where a person must help first; several while a command is at work that
decides it.
"""
import lives_recovery
from lifetime import Life, armed


def update(b, expect):
    """install, trial, mark-good, the merge, the swap to linear, idle."""
    armed(b, expect)
    assert b.on() == "new"
    b.run("cowboot mark-good --wait")
    b.run("cowboot merge --wait", 0, 2)
    b.off()
    assert b.on() == "new"
    b.off()


def confirmed(b, version):
    """The trial of this version, its merge, and one more boot."""
    assert b.on() == version
    b.run("cowboot mark-good --wait")
    b.run("cowboot merge --wait", 0, 2)
    b.off()
    assert b.on() == version


def there_and_back(b, expect):
    """The update, and then what was kept of the old system: its trial, its merge."""
    armed(b, expect)
    confirmed(b, "new")
    expect("new", "old")
    b.run("cowboot rollback", 4)
    expect("old")
    b.off()
    confirmed(b, "old")
    b.off()


def and_refused(b, expect):
    """And then the new one once more, which was kept: it is no better, and stays kept."""
    there_and_back(b, expect)
    expect("old", "new")
    assert b.on() == "old"
    b.run("cowboot rollback", 4)
    b.off()
    assert b.on() == "new"
    b.run("cowboot mark-bad 'it was better'", 4)
    expect("old")
    b.off()
    assert b.on() == "old"
    b.off()


def there_and_next(b, expect):
    """An update, whose merge is cut: the next boot goes on with it. Then the next update, which is in
    the way of what is kept, and happens to bring the old system."""
    armed(b, expect)
    assert b.on() == "new"
    b.run("cowboot mark-good")
    b.cut()
    assert b.on() == "new"
    b.run("cowboot merge --wait", 0, 2)
    expect("new", "old")
    b.install(b.back)
    expect("old")
    b.off()
    confirmed(b, "old")
    b.off()


def tries_spent(b, expect):
    """One try, and the new system never says that it is good."""
    armed(b, expect)
    expect("old", "new")
    assert b.on() == "new"
    expect("old")
    b.cut()
    assert b.on() == "old"
    b.off()


def refused(b, expect):
    """The new system says that it is bad."""
    armed(b, expect)
    assert b.on() == "new"
    expect("old", "new")
    b.run("cowboot mark-bad 'it is bad'", 4)
    expect("old")
    b.off()
    assert b.on() == "old"
    b.off()


def cancelled(b, expect):
    """The user cancels before the first trial."""
    expect("old")
    b.on()
    expect("old", "new")
    b.install()
    b.run("cowboot cancel")
    expect("old")
    b.off()


def after_a_cancel(b):
    """The record has been written before, and space been given back."""
    b.on()
    b.install()
    b.run("cowboot cancel")
    b.off()


UPDATES = (
    Life("file-scattered", update),
    Life("cow-runs", update, store="cow", spread="runs", change=80, keeps=False,
         before=after_a_cancel),
    Life("file-area-end", there_and_back, spread="runs", change=272),
    Life("cow-two-volumes", and_refused, store="cow", vendor=True, change=10),
    Life("file-two-volumes", there_and_next, vendor=True, spread="runs", change=40),
    Life("tries-spent", tries_spent, conf="tries 1\n", change=8),
    Life("refused", refused, store="cow", change=8),
    Life("cancelled", cancelled, change=8, before=after_a_cancel),
    Life("slots-update", there_and_back, change=8, slots="block"),
    Life("slots-next", there_and_next, store="cow", change=8, slots="block"),
    Life("slots-tries-spent", tries_spent, conf="tries 1\n", change=8, slots="block"),
    Life("slots-refused", refused, store="cow", change=8, slots="block"),
    Life("slots-cancelled", cancelled, change=8, slots="block", before=after_a_cancel),
    Life("esp-update", there_and_back, change=8, slots="esp"),
    Life("esp-tries-spent", tries_spent, conf="tries 1\n", change=8, slots="esp"),
    Life("esp-refused", refused, store="cow", change=8, slots="esp"),
    Life("esp-cancelled", cancelled, change=8, slots="esp", before=after_a_cancel),
)

LIVES = {life.name: life for life in (*UPDATES, *lives_recovery.LIVES)}
