# SPDX-License-Identifier: MIT
"""The command: which requests fail, one run for each, by how many guests at once, and what is kept
and told of it."""
import argparse
import hashlib
import json
import multiprocessing
import os
import shutil
import sys
from collections import Counter
from pathlib import Path

from artefacts import BUILD, KERNEL, Cache, Images
from export import KINDS, Export
from failing import Board
from machine import DEVICES, Fork, Machine
from rest import Bad
from scenes import SCENES
from starts import BOARDS, Starts
from states import sample
from suite import Book, Teller, next_result, scratch_dir
from tiny import image

ROOT = BUILD / "errors"
HEADER = ["| kernel | store | what was done | reads | writes | flushes | good | bad | ended |",
          "|---|---|---|---|---|---|---|---|---|"]


def options(argv):
    p = argparse.ArgumentParser(prog="tests/crash/errors", description="fails each request once")
    p.add_argument("--store", action="append", choices=BOARDS, help="only this one")
    p.add_argument("--scene", action="append", choices=SCENES, help="only this one")
    p.add_argument("--states", type=int, default=0, help="at most so many runs, of all together")
    p.add_argument("--jobs", type=int, default=os.cpu_count(), help="guests at once")
    p.add_argument("--again", action="store_true", help="forget what an earlier run has found")
    p.add_argument("--replay", metavar="KERNEL/STORE/SCENE/KIND-N")
    p.add_argument("--table", action="store_true")
    return p.parse_args(argv)


def fingerprint(store):
    """What a result depends on."""
    key = hashlib.sha256(repr(BOARDS[store]).encode())
    for path in (BUILD / "arm64/init", BUILD / "arm64/cowboot", BUILD / "arm64/toybox",
                 BUILD / f"kernels/{KERNEL}/Image"):
        key.update(path.read_bytes())
    return key.hexdigest()


class Job:
    """A scene on a board: how many requests it makes, what is known of their failures."""

    def __init__(self, store, scene):
        self.store, self.scene = store, SCENES[scene]
        self.name = f"{KERNEL}/{store}/{scene}"
        self.book = Book(ROOT / self.name / "results", fingerprint(store))

    def counted(self):
        return self.book.known.get("counts", {}).get("good", False)

    def tasks(self):
        """[(kind, number)] by what a run in which nothing failed has counted."""
        counts = self.book.known["counts"]
        return [(kind, n) for kind in KINDS for n in range(1, counts[kind] + 1)]

    def todo(self, share):
        return [t for t in sample(self.tasks(), max(2, share))
                if f"{t[0]}-{t[1]}" not in self.book.known]


class Store:
    """A board with its starts, and the runs on it."""

    def __init__(self, cache, images, name, scratch):
        self.machine = Machine(cache, images, BOARDS[name], DEVICES["virtio"])
        self.scratch = scratch
        self.fork = Fork(self.machine)
        disk = Export(scratch / "0")
        try:
            self.points = Starts(self.machine, BOARDS[name], self.fork, scratch / "starts", disk)
        finally:
            disk.close()

    def worker(self, n):
        where = self.scratch / str(n)
        return Board(self.points, self.fork, Export(where), where)


def one(board, job, kind=None, number=0):
    """One run: what the book keeps of it."""
    found = {"state": f"{kind}-{number}" if kind else "counts", "control": False, "good": True}
    try:
        found["end"], found["repaired"], requests = board.run(job.scene, kind, number)
        found.update(_told(board, requests) if kind else Counter(r.kind for r in requests))
    except Bad as e:
        found |= {"good": False, "why": str(e)} | _told(board, board.requests)
    except Exception as e:  # the harness failed: says nothing of the board, but must be seen
        found |= {"good": False, "why": f"the suite itself: {type(e).__name__}: {e}"}
    if not kind:
        found = dict.fromkeys(KINDS, 0) | found
    return found


def _told(board, requests):
    """Which request it was that failed."""
    hit = next((r for r in requests if r.failed), None)
    if not hit:
        return {"at": "not reached"}
    if hit.kind == "flush":
        return {"at": "the disk"}
    label, start = next(((name, at) for name, (at, size) in board.machine.parts.items()
                         if at <= hit.at < at + size), ("outside the partitions", 0))
    return {"at": f"{hit.size} bytes at {hit.at - start} of {label}"}


def _work(store, n, tasks, found):
    board = store.worker(n)
    try:
        while (task := tasks.get()) is not None:
            job, kind, number = task
            end = one(board, job, kind, number)
            if not end["good"]:
                board.keep(ROOT / "failed" / job.name.replace("/", "-") / end["state"])
            found.put((job.name, end))
    finally:
        board.export.close()


def run_all(store, todo, jobs, tell):
    """Runs [(job, kind, number)] on that board."""
    tasks, found = multiprocessing.Queue(), multiprocessing.Queue()
    named = {job.name: job for job, _, _ in todo}
    for task in todo:
        tasks.put(task)
    workers = [multiprocessing.Process(target=_work, args=(store, n, tasks, found))
               for n in range(min(jobs, len(todo)))]
    for w in workers:
        tasks.put(None)
        w.start()
    try:
        for _ in todo:
            name, end = next_result(found, workers)
            named[name].book.add(end)
            tell(named[name], end)
    finally:
        for w in workers:
            w.join() if sys.exc_info()[0] is None else w.kill()


def run_store(name, opts, share, tell, cache, images, scratch):
    """Counts what was not counted yet, and then runs what is not known yet; the jobs."""
    jobs = [Job(name, scene) for scene in opts.scene or SCENES]
    store = None
    for plan in (lambda: [(j, None, 0) for j in jobs if not j.counted()],
                 lambda: [(j, *task) for j in jobs for task in j.todo(share)]):
        todo = plan()
        if todo and not store:
            store = Store(cache, images, name, scratch)
        if todo:
            tell.total += len(todo)
            run_all(store, todo, opts.jobs, tell)
        if wrong := [j for j in jobs if not j.counted()]:
            return wrong
    return jobs


def row(name, known):
    """A line of the table: requests are what a run counts in which nothing fails."""
    runs = [r for state, r in known.items() if state != "counts"]
    counts = known["counts"]
    ends = Counter(r["end"] + (" (e2fsck)" if r["repaired"] else "") for r in runs if r["good"])
    told = ", ".join(f"{n} {end}" for end, n in ends.most_common())
    kernel, store, scene = name.split("/")
    return (f"| {kernel} | {store} | {scene} | " + " | ".join(str(counts[k]) for k in KINDS) +
            f" | {sum(r['good'] for r in runs)} | {sum(not r['good'] for r in runs)} | {told} |")


def table():
    """All that was found so far."""
    lines = list(HEADER)
    for path in sorted(ROOT.glob("*/*/*/results")):
        found = [json.loads(line) for line in path.read_text().splitlines()[1:]]
        lines.append(row("/".join(path.parts[-4:-1]), {r["state"]: r for r in found}))
    return "\n".join(lines)


def replay(name, cache, images):
    kernel, store, scene, state = name.split("/")
    if kernel != KERNEL:
        os.execvpe(sys.argv[0], sys.argv, os.environ | {"KERNEL": kernel})
    kind, _, number = state.partition("-")
    with scratch_dir() as scratch:
        board = Store(cache, images, store, Path(scratch)).worker(1)
        try:
            found = one(board, Job(store, scene), kind, int(number))
        finally:
            board.export.close()
        board.keep(ROOT / "replayed")
    for request in board.requests:
        print(f"  {request.kind} {request.at} {request.size}{' FAILED' * request.failed}")
    print(f"{name} ({found['at']}): {'good: ' + found['end'] if found['good'] else found['why']}")
    print(f"disk and console: {ROOT / 'replayed'}")
    return 0 if found["good"] else 1


def main(argv):
    opts = options(argv)
    if opts.table:
        print(table())
        return 0
    cache = Cache(BUILD / "tests/cache")
    images = Images(cache, image.programs(BUILD))
    if opts.replay:
        return replay(opts.replay, cache, images)
    if opts.again:
        shutil.rmtree(ROOT / KERNEL, ignore_errors=True)
    names = opts.store or list(BOARDS)
    scenes = len(names) * len(opts.scene or SCENES)
    share = -(-opts.states // scenes) if opts.states else sys.maxsize
    tell, jobs = Teller(0, "runs"), []
    for name in names:
        print(f"errors: kernel {KERNEL}, store in {name}", flush=True)
        with scratch_dir() as scratch:
            jobs += run_store(name, opts, share, tell, cache, images, Path(scratch))
    tell.again()
    print("\n".join(HEADER + [row(job.name, job.book.known) for job in jobs]))
    bad = [r for job in jobs for r in job.book.known.values() if not r["good"]]
    total = sum(len(job.book.known) for job in jobs)
    print(f"errors: {total - len(bad)} runs good, {len(bad)} bad" + (
        f"; see {ROOT / 'failed'}, and --replay" if bad else ""))
    return 1 if bad else 0
