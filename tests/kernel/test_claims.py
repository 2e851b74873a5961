# SPDX-License-Identifier: MIT
"""Who may have a partition at the same time: a mount, a device-mapper device, two of them."""


def mount(guest, device):
    code, out = guest.run(f"mkdir -p /tmp/mnt && mount -t ext4 -o ro {device} /tmp/mnt")
    return "EBUSY" if code and "busy" in out.lower() else "ok" if not code else out


def linear(guest, device):
    answer = guest.dm("map", "t", f"0 2048 linear {device} 0")
    guest.unmap()
    return answer


def test_claims(guest, agree):
    """data is mounted through device-mapper, spare (the last) belongs to nobody."""
    data, spare = "/dev/vda5", "/dev/vda6"
    rows = {
        "mount it, mapped already": [mount(guest, data)],
        "map it, mapped already": [linear(guest, data)],
        "map its whole disk, mapped already": [linear(guest, "/dev/vda")],
    }
    assert mount(guest, spare) == "ok"
    rows["map it, mounted read-only"] = [linear(guest, spare)]
    guest.run("umount /tmp/mnt", check=True)
    rows["map it, nobody's"] = [linear(guest, spare)]
    agree("claims", ["a partition", "the kernel"], rows)
