# SPDX-License-Identifier: MIT
"""What several scenarios do or look at in the same way. A step that cannot be done raises; what is
looked at is returned, the test compares."""
import json
import re
import subprocess

from artefacts import BUILD
from board import image_digest
from stream import wait_until

HOST_COWBOOT = BUILD / "host/cowboot"
BLOCK_BYTES = 4096
STORE_HEAD_CHUNKS = 2           # header and first exception area
ENTRY_BYTES = 16


def begin_trial(b, bundle):
    """Installs a bundle and reboots into its trial."""
    code, out = b.install(bundle)
    assert code == 4, out
    assert b.reboot() == "new"


def _throttle(b, writes_per_second):
    none = dict.fromkeys(("bps", "bps_rd", "bps_wr", "iops", "iops_rd"), 0)
    where = "/machine/peripheral/disk0" + "/virtio-backend" * (b.disks[0].bus == "virtio")
    b.qmp("block_set_io_throttle", id=where, iops_wr=writes_per_second, **none)


def slow_down(b):
    """Makes the first disk so slow to write that a test can step into a merge. Holds over a reboot,
    not over cut() and start()."""
    _throttle(b, 50)


def speed_up(b):
    """Ends slow_down()."""
    _throttle(b, 0)


def limit_disk(b, **limits):
    """Requests and bytes a second that the disk can do; 0: no limit."""
    rates = dict.fromkeys(("bps", "bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr"), 0)
    b.qmp("block_set_io_throttle", id="/machine/peripheral/disk0/virtio-backend",
          **rates | limits)


def left(b):
    """How many chunks are not merged yet, of all volumes of the update."""
    return sum(v["exceptions_left"] or 0 for v in b.status()["volumes"])


def wait_merging(b, total):
    """Waits until some of the total chunks are merged; how many are left then, at least one."""
    wait_until(lambda: left(b) < total, "the merge begins")
    now = left(b)
    assert now, "the merge was over before the test could step in"
    return now


def free_blocks(b):
    """Free blocks on data: for before == after."""
    return int(b.run("stat -f -c %f /data", check=True))


def store_files(b):
    return b.run("ls -A /data/cowboot 2>/dev/null")[1].split()


def store_devices(b):
    return [name for name in b.run("ls /dev/mapper", check=True).split() if name.endswith("-store")]


def mapped(b):
    """{volume: the kind of table it has}."""
    return {v["name"]: v["mapped"] for v in b.status()["volumes"]}


def check_store(data, origin_bytes, where):
    """What the host's `store check` says of a store's bytes."""
    path = where / "store"
    path.write_bytes(data)
    run = subprocess.run([HOST_COWBOOT, "store", "check", "--json", "--origin-bytes",
                          str(origin_bytes), path], text=True, capture_output=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def exact_store_bytes(changed, chunk_bytes=BLOCK_BYTES):
    """How long a store for so many changed chunks is, by the design: not one chunk more."""
    return (1 + 1 + changed + changed // (chunk_bytes // ENTRY_BYTES)) * chunk_bytes


def room_bytes(changed, chunk_bytes=BLOCK_BYTES):
    """The same with the kept list behind it, in whole chunks or pieces of 64 KiB."""
    unit = min(chunk_bytes, 65536)
    kept = (1 + (changed + 15) // 16) * 512
    return exact_store_bytes(changed, chunk_bytes) + (kept + unit - 1) // unit * unit


def ended(b):
    """(result, from, to) of the last update, once the record is idle and nothing is left of it."""
    status = b.status()
    assert (status["phase"], status["running"]) == ("idle", "confirmed")
    assert set(mapped(b).values()) == {"linear"}
    assert store_files(b) == [] and store_devices(b) == []
    last = status["last"]
    return last["result"], last["from"], last["to"]


def comes_back(b, old, free, why, resets):
    """The boot that is coming up goes back to OLD for this reason, after so many resets on the way,
    and as many blocks of data are free as before the update."""
    assert b.wait_up() == "old"
    assert b.resets() == resets
    assert b.boot_json()["plan"] == {"persist": "revert", "map": "linear", "then": "boot"}
    last = b.status()["last"]
    assert last["reason"] == why and last["code"], last
    assert f"last     reverted, ? -> new: {why}" in b.run("cowboot status", check=True)
    assert ended(b)[::2] == ("reverted", "new")
    assert set(mapped(b).values()) == {"linear"}
    assert free_blocks(b) == free
    assert b.digest() == b.partition_digest("system") == image_digest(old)


def slow_pipe(path, len_bytes):
    """A shell pipeline's head: the first bytes of a file, and then nothing for a long time."""
    return f"(head -c {len_bytes} {path}; sleep 1000)"


def log_lines(b, pattern):
    """The lines of the kernel's log that match, without their time."""
    lines = re.sub(r"(?m)^\[[^]]*\] ", "", b.dmesg()).splitlines()
    return [line for line in lines if re.search(pattern, line)]
