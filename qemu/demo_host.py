# SPDX-License-Identifier: MIT
"""The host's part of the demo: where things are, what was found out so far, bundles."""
import json
import re
import subprocess
import time
from pathlib import Path

from demo_tell import Differs, Work, check, mb, say

TOP = Path(__file__).resolve().parent.parent
BUILD = TOP / "build"
DEBIAN, HOME, COWBOOT = BUILD / "debian", BUILD / "demo", BUILD / "host/cowboot"
CHUNK_SECTORS, TRIES = 8, 3
VERSIONS = {"old": "12.0", "new": "12.1", "broken": "12.2"}


class Story:
    """What is found out on the way: digests of the images, facts of the bundles, times."""

    def __init__(self):
        self.digest, self.facts, self.bundle, self.packages = {}, {}, {}, {}
        self.times, self.begun = [], time.monotonic()

    def took(self, what, seconds):
        self.times.append((what, seconds))
        return f"({seconds:.1f} s)"


def host(*argv):
    """Runs a command of the host that must succeed; its output."""
    run = subprocess.run([str(a) for a in argv], text=True, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    if run.returncode:
        raise Differs(f"{' '.join(map(str, argv))}\n  expected: exit code 0\n  seen:     exit code "
                      f"{run.returncode}: {run.stderr.strip()}")
    return run.stdout


def packages_of(name):
    """{package: version} of a system, from its tree on the host."""
    return parse_packages(host("dpkg-query", "--admindir", DEBIAN / name / "usr/lib/sysimage/dpkg",
                               "-W", "-f", "${Package} ${Version}\\n"))


def parse_packages(text):
    return dict(each.split() for each in text.splitlines())


def make_bundle(story, old, new):
    """Makes and verifies the bundle that leads from one image to the other."""
    out = HOME / f"{new}.bundle"
    images = {name: DEBIAN / f"{name}.img" for name in (old, new)}
    with Work(f"comparing {old}.img with {new}.img") as work:
        host(COWBOOT, "bundle", "create", "-o", out, "--from", VERSIONS[old], "--version",
             VERSIONS[new], "--board", "qemu-virt", "--chunk-sectors", CHUNK_SECTORS,
             f"system={images[old]}:{images[new]}")
        sound = host(COWBOOT, "bundle", "verify", out)
    seconds = story.took(f"bundle {VERSIONS[old]} -> {VERSIONS[new]}", work.seconds)
    facts = json.loads(host(COWBOOT, "bundle", "info", "--json", out))["volumes"][0]
    check("the old image's digest in the bundle", story.digest[old], facts["old_blake2b"])
    check("the new image's digest in the bundle", story.digest[new], facts["new_blake2b"])
    found = re.search(r"(\d+) exceptions in (\d+) runs?, sound", sound)
    check("the exceptions that bundle verify counts", str(facts["exceptions"]),
          found.group(1) if found else sound)
    facts["runs"], facts["bundle_bytes"] = int(found.group(2)), out.stat().st_size
    story.facts[new], story.bundle[new] = facts, out
    say(f"cowboot bundle create {VERSIONS[old]} -> {VERSIONS[new]}: {mb(facts['bundle_bytes'])}. "
        f"{facts['exceptions']} of {facts['image_bytes'] // 4096} chunks differ, in "
        f"{facts['runs']} runs {seconds}")
    say("cowboot bundle verify: sound")
