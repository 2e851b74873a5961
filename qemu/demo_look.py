# SPDX-License-Identifier: MIT
"""What the demo checks of the running board. Each of these raises Differs when it is not so."""
import json
import re
import time

from demo_host import TRIES, VERSIONS, parse_packages
from demo_tell import Work, check, differ, mb, say
from stream import SCALE

MERGE_S = 300


def healthy(board):
    """What must be so in every boot of a good system."""
    state = board.ask("systemctl is-system-running --wait", 120)
    check("the state of systemd", (0, "running"), state)
    check("the units that failed", "", board.sh("systemctl --failed --no-legend --plain"))
    root = board.sh("findmnt -n -o SOURCE,OPTIONS /").split()
    check("what / is", ["/dev/mapper/system", "ro"], [root[0], root[1].split(",")[0]])
    check("whether its device is read-only", "1", board.sh("blockdev --getro /dev/mapper/system"))
    check("what /data is", "/dev/mapper/data", board.sh("findmnt -n -o SOURCE /data"))
    board.sh("touch /data/writable && rm /data/writable")


def table(board):
    return board.sh("dmsetup table system").split()[2]


def linear(board):
    check("the device-mapper table of the root", "linear", table(board))


def packages(story, board, name):
    seen = board.sh("dpkg-query -W -f '${Package} ${Version}\\n'")
    check(f"the packages of the {name} system", story.packages[name], parse_packages(seen))
    check("what openssl says it is", story.packages[name]["openssl"].split("-")[0],
          board.sh("openssl version").split()[1])
    check("/etc/demo-version", VERSIONS[name], board.sh("cat /etc/demo-version"))


def free_bytes(board):
    blocks, size = board.sh("sync; stat -f -c '%a %S' /data").split()
    return int(blocks) * int(size)


def free_bytes_beside_kept(board):
    """The same, as if nothing were kept of an old system."""
    kept = board.status()["kept"]
    return free_bytes(board) + (kept["bytes"] if kept else 0)


def kept(board, name):
    """What must be kept of that system, in words."""
    found = board.status()["kept"]
    check("what is kept", VERSIONS[name], found and found["version"])
    return f"{found['version']} is kept, in {mb(found['bytes'])}"


def watch_merge(board, work):
    """Polls until the merge is over; the percentages that were seen on the way."""
    seen, end = [], time.monotonic() + MERGE_S * SCALE
    while time.monotonic() < end:
        status = board.status()
        if status["phase"] == "idle":
            return seen
        if status["phase"] == "merging":
            seen.append(status["merge_percent"])
            work.at(f"{seen[-1]} %")
        elif seen and status["phase"] != "proving":
            differ("the phase", "merging, proving, or idle", status["phase"])
    return differ("the merge", f"over within {MERGE_S * SCALE:.0f} s", status)


def tenths(percents):
    """The percentages as a text, at most one of each tenth."""
    return ", ".join(str(each) for each in sorted({each // 10: each for each in percents}.values()))


def unit_messages(board, unit):
    """[(seconds since the kernel started, message)] of a unit, from the journal."""
    found = []
    for each in board.sh(f"journalctl -b -o json -u {unit}").splitlines():
        entry = json.loads(each)
        found.append((int(entry["__MONOTONIC_TIMESTAMP"]) / 1e6, str(entry["MESSAGE"])))
    return found


def when(board, unit, message):
    for at, text in unit_messages(board, unit):
        if re.search(message, text):
            return at
    return differ(f"the journal of {unit}", message, "nothing of it")


def trial(board):
    """What must be so in a trial that nobody has confirmed yet; init's reason for it."""
    status, this = board.status(), board.boot_json()
    check("phase, what runs, tries left", ["trial", "trial", TRIES - 1],
          [status[key] for key in ("phase", "running", "tries_left")])
    check("the device-mapper table of the root", "snapshot", table(board))
    check("this boot's plan", ["trial", "spend", "snapshot", "boot"],
          [this["phase"]] + [this["plan"][key] for key in ("persist", "map", "then")])
    return this["reason"]


def begin_load(board):
    """Lets demo-load.service go on, which may not have come to its first line yet."""
    board.sh("mkdir -p /run/demo-load && touch /run/demo-load/go")


def load(board):
    """How many files the load read and how many MiB it wrote, all of them right."""
    board.sh("while [ ! -e /run/demo-load/done ]; do sleep 0.2; done")
    files = board.sh("cut -d: -f 2 /run/demo-load/read | sort | uniq -c").split()
    mib, bad_mib = map(int, board.sh("cat /run/demo-load/written").split())
    check("the verdicts on the files that were read", ["OK"], files[1:])
    check("how many of the writes to /data read back wrong", 0, bad_mib)
    return int(files[0]), mib


def space(story, board):
    stores = board.sh("ls -A /data/cowboot | grep -vx logs || true").split()
    check("how many stores lie in /data/cowboot", int(bool(board.status()["kept"])), len(stores))
    left = story.free_bytes - free_bytes_beside_kept(board)
    if left > 1 << 20:
        differ("the free space of /data", "as before the install", f"{left} bytes less")
    return "the store's space is free again"


def bytes(story, board, name):
    with Work(f"comparing the root with {name}.img") as work:
        work.at("in the guest")
        check("the digest of /dev/mapper/system in the guest", story.digest[name],
              board.volume_digest())
        work.at("from the disk")
        check("the digest of the partition", story.digest[name], board.partition_digest("system"))
    story.took(f"digest of {VERSIONS[name]} in the guest and on the host", work.seconds)
    say(f"the root's bytes equal {name}.img, read in the guest and from the disk: "
        f"b2sum {story.digest[name][:16]}...")
