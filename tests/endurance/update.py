# SPDX-License-Identifier: MIT
"""The update of one cycle: drawn at random, and made from the system that is on the disk."""
import shutil
import subprocess
from dataclasses import dataclass

from ground import VOLUMES
from steps import HOST_COWBOOT
from tiny import image

INTENTS = {"good": 12, "bad": 2, "silent": 2, "panic": 1, "cancel": 2}
BACK_INTENTS = {"good": 6, "bad": 2, "silent": 1, "cancel": 1}
BACK_SHARE = 0.4        # of the cycles after which something is kept


@dataclass
class Update:
    """What the cycle does, drawn at its begin. back: it is the way back to what is kept."""
    version: str
    store: str
    intent: str
    chunk_sectors: int
    changes: dict       # {volume: [(spread, blocks)]}
    cuts: int
    back: bool = False

    def __str__(self):
        if self.back:
            return f"back to {self.version}, {self.intent}"
        what = ", ".join(f"{v} " + "+".join(f"{n} {s}" for s, n in each)
                         for v, each in self.changes.items())
        return f"{self.store}, {self.intent}, {what}, chunks of {self.chunk_sectors * 512}"


def _blocks(rng, total, spread):
    most = {"run": min(total, 300), "runs": total // 9 * 8, "scattered": total // 2}[spread]
    return rng.choice((int(most ** rng.random()), rng.randint(1, most)))


def draw_update(rng, number, stores):
    """Which update cycle `number` brings."""
    volumes = rng.choices([("system",), ("system", "vendor"), ("vendor",)], (5, 4, 1))[0]
    intent = rng.choices(list(INTENTS), INTENTS.values())[0]
    if intent == "panic":
        volumes = ("system", *volumes[1:])
    changes = {}
    for v in volumes:
        spreads = rng.choice((["run"], ["runs"], ["scattered"], ["run", "scattered"]))
        changes[v] = [(s, _blocks(rng, VOLUMES[v], s)) for s in spreads]
    return Update(f"v{number}", rng.choice(stores), intent, rng.choice((8, 8, 8, 16)), changes,
                  rng.choice((0, 1, 2, 2, 3, 4)))


def draw_back(rng, before, store):
    """The way back to what is kept, or None: nothing is, or nobody wants it back."""
    if not before or rng.random() > BACK_SHARE:
        return None
    intent = rng.choices(list(BACK_INTENTS), BACK_INTENTS.values())[0]
    return Update(before[0], store, intent, 0, {}, rng.choice((0, 1, 2, 2, 3, 4)), back=True)


def version_of(content):
    """The version of a tiny image."""
    return image.VERSION.search(content).group().split()[1].decode()


def make(update, was_version, old, rng, where):
    """Writes NEW and the bundle: ({volume: NEW}, the bundle's bytes)."""
    new, pairs = dict(old), []
    for v, changes in update.changes.items():
        was, now, step = (where / f"{v}.{n}" for n in ("old", "new", "step"))
        was.write_bytes(old[v])
        shutil.copyfile(was, now)
        for spread, blocks in changes:
            now.replace(step)
            image.variant(step, now, version=update.version, change=blocks, spread=spread,
                          behave="panic" if update.intent == "panic" else "ok",
                          seed=rng.getrandbits(32))
        new[v] = now.read_bytes()
        pairs.append(f"{v}={was}:{now}")
    out = where / "bundle"
    subprocess.run([HOST_COWBOOT, "bundle", "create", "-o", out, "--version", update.version,
                    "--from", was_version, "--board", "qemu-virt", "--chunk-sectors", str(update.chunk_sectors), *pairs],
                   check=True, stdout=subprocess.DEVNULL)
    return new, out.read_bytes()
