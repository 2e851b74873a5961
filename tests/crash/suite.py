# SPDX-License-Identifier: MIT
"""The command: which states are run, by how many guests at once, what is told on the way, and what
is kept of it."""
import argparse
import json
import multiprocessing
import os
import queue
import shutil
import sys
import tempfile
import time
from pathlib import Path

import table
from artefacts import BUILD, KERNEL, Cache, Images
from lives import LIVES
from machine import DEVICES, RAM, Fork, Machine
from recording import fingerprint, record
from rest import Bad, Rest
from states import sample, shares
from tiny import image

ROOT = BUILD / "crash"
CONTROLS = 3


def options(argv):
    p = argparse.ArgumentParser(prog="tests/crash/run", description="the crash suite")
    p.add_argument("--device", default="virtio", choices=DEVICES)
    p.add_argument("--life", action="append", choices=LIVES, help="only this one; may be repeated")
    p.add_argument("--states", type=int, default=0, help="at most so many, of all lives together")
    p.add_argument("--jobs", type=int, default=os.cpu_count(), help="guests at once")
    p.add_argument("--controls", type=int, default=CONTROLS,
                   help="so many broken orders of each life, which must be found")
    p.add_argument("--again", action="store_true", help="forget what an earlier run has found")
    p.add_argument("--replay", metavar="KERNEL/DEVICE/LIFE/STATE")
    p.add_argument("--table", action="store_true")
    return p.parse_args(argv)


class Book:
    """What was found, of one life on one device and kernel: a line of JSON for each state. What was
    found under another key counts no more."""

    def __init__(self, path, key):
        self.path = path
        self.known = {}
        head = json.dumps({"key": key})
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        if not lines or lines[0] != head:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(head + "\n")
        for line in lines[1:] if lines and lines[0] == head else []:
            found = json.loads(line)
            self.known[found["state"]] = found

    def add(self, found):
        with open(self.path, "a") as f:
            f.write(json.dumps(found) + "\n")
        self.known[found["state"]] = found


class Job:
    """A life on a device, recorded: its states, and what is known of them."""

    def __init__(self, cache, images, life, device, again, controls):
        self.name, self.life, self.device = f"{KERNEL}/{device}/{life.name}", life, device
        self.machine = Machine(cache, images, life, DEVICES[device])
        where = ROOT / KERNEL / device / life.name
        if again:
            shutil.rmtree(where, ignore_errors=True)
        self.recording = record(self.machine, life, where / "recording")
        self.book = Book(where / "results", fingerprint(life, DEVICES[device]))
        self.states = self.recording.states()
        self.controls = self.recording.controls(controls)


def _run(job, rest, state, control):
    """What became of a state; if it is bad and ought not to be, its disk is kept."""
    start, end = time.monotonic(), {"state": state.name, "control": control}
    try:
        end["outcome"], end["boots"], end["repaired"] = rest.run(state)
        end["good"] = True
    except Bad as e:
        end["good"], end["why"] = False, str(e)
    except Exception as e:  # the harness failed: says nothing of the board, but must be seen
        end["good"], end["why"] = False, f"the suite itself: {type(e).__name__}: {e}"
        end["control"] = False
    end["seconds"] = round(time.monotonic() - start, 2)
    if not end["good"] and not end["control"]:
        rest.keep(ROOT / "failed" / job.name.replace("/", "-") / state.name)
    return end


def _work(jobs, scratch, tasks, found):
    """A worker: takes states until there is none left. They come life by life."""
    at, rest = None, None
    while (task := tasks.get()) is not None:
        n, state, control = task
        if n != at:
            at, rest = n, Rest(jobs[n].recording, Fork(jobs[n].machine), scratch)
        found.put((n, _run(jobs[n], rest, state, control)))


def next_result(found, workers):
    """The next result; a worker that ended before its time is no reason to wait for ever."""
    while True:
        try:
            return found.get(timeout=5)
        except queue.Empty:
            if any(w.exitcode for w in workers):
                raise RuntimeError("a worker of the suite has failed: see above") from None


def run_all(todo, jobs, scratch, tell):
    """Runs [(job, [(state, is a control)])] and books it."""
    tasks, found = multiprocessing.Queue(), multiprocessing.Queue()
    known = [job for job, _ in todo]
    for n, (_, wanted) in enumerate(todo):
        for state, control in wanted:
            tasks.put((n, state, control))
    workers = [multiprocessing.Process(target=_work, args=(known, scratch / str(n), tasks, found))
               for n in range(jobs)]
    for w in workers:
        tasks.put(None)
        w.start()
    try:
        for _ in range(sum(len(wanted) for _, wanted in todo)):
            n, end = next_result(found, workers)
            known[n].book.add(end)
            tell(known[n], end)
    finally:
        for w in workers:
            w.join() if sys.exc_info()[0] is None else w.kill()


def _record(cache, images, name, device, again):
    Job(cache, images, LIVES[name], device, again, 0)


def _side_by_side(function, calls, jobs):
    with multiprocessing.Pool(jobs) as pool:
        pool.starmap(function, calls, chunksize=1)


class Teller:
    """Progress: a line that is written over on a terminal, one a minute elsewhere; each failure at
    once, and again at the end, since of a long output often only the end is kept."""

    def __init__(self, total, what="states"):
        self.total, self.done, self.bad, self.start = total, 0, [], time.monotonic()
        self.told, self.what = self.start, what

    def __call__(self, job, end):
        self.done += 1
        if end["good"] == end["control"]:
            self.bad.append(f"BAD {job.name}/{end['state']}: " + (
                "a broken order was not found" if end["control"] else end["why"]))
            print(f"\n{self.bad[-1]}")
        now = time.monotonic()
        left = (now - self.start) / self.done * (self.total - self.done)
        line = (f"  {self.done} of {self.total} {self.what}, {len(self.bad)} bad, "
                f"{left // 60:.0f} min {left % 60:.0f} s left  {job.name}")
        if sys.stdout.isatty():
            print(f"\r{line:<90}", end="\n" if self.done == self.total else "", flush=True)
        elif now - self.told > 60 or self.done == self.total:
            self.told = now
            print(line, flush=True)

    def again(self):
        for bad in self.bad[:10]:
            print(bad[:2000])


def _plan(jobs, most):
    """What is to be run: {job: [(state, control)]}, without what is known already."""
    sizes = [len(job.states) for job in jobs]
    todo = {}
    for job, share in zip(jobs, shares(sizes, most) if most else sizes):
        tasks = [(s, False) for s in sample(job.states, share)] + [(s, s.must_be_bad) for s in job.controls]
        todo[job] = [t for t in tasks if t[0].name not in job.book.known]
    return todo


def replay(name, cache, images):
    kernel, device, life, wanted = name.split("/")
    if kernel != KERNEL:
        os.execvpe(sys.argv[0], sys.argv, os.environ | {"KERNEL": kernel})
    job = Job(cache, images, LIVES[life], device, False, CONTROLS)
    state = next((s for s in job.states + job.controls if s.name == wanted), None)
    if not state:
        print(f"crash: there is no state {wanted} in this recording of {life}", file=sys.stderr)
        return 1
    with scratch_dir() as scratch:
        rest = Rest(job.recording, Fork(job.machine), Path(scratch) / "0")
        try:
            print(f"{name}: good: {rest.run(state)}")
            return 0
        except Bad as e:
            print(f"{name}: BAD: {e}")
            return 1
        finally:
            rest.keep(ROOT / "replayed")
            print(f"disk and console: {ROOT / 'replayed'}")


def scratch_dir():
    return tempfile.TemporaryDirectory(dir=RAM if RAM.is_dir() else BUILD, prefix="crash-")


def main(argv):
    opts = options(argv)
    if opts.table:
        print(table.text(ROOT))
        return 0
    cache = Cache(BUILD / "tests/cache")
    images = Images(cache, image.programs(BUILD))
    if opts.replay:
        return replay(opts.replay, cache, images)
    print(f"crash: kernel {KERNEL}, {opts.device}: recording", flush=True)
    names = opts.life or list(LIVES)
    _side_by_side(_record, [(cache, images, n, opts.device, opts.again) for n in names], opts.jobs)
    jobs = [Job(cache, images, LIVES[n], opts.device, False, opts.controls) for n in names]
    todo = [(job, tasks) for job, tasks in _plan(jobs, opts.states).items() if tasks]
    teller = Teller(sum(len(tasks) for _, tasks in todo))
    with scratch_dir() as scratch:
        run_all(todo, opts.jobs, Path(scratch), teller)
    teller.again()
    counts = [table.count(job.book.known.values()) for job in jobs]
    for job, c in zip(jobs, counts):
        print(f"  {job.name:<32} {c.good:>5} of {len(job.states):>5} states good, {c.bad} bad; "
              f"{c.caught} of {c.controls} broken orders found")
    total = sum(c.good for c in counts)
    wrong = sum(c.bad for c in counts) + sum(c.controls - c.caught for c in counts)
    if not sum(c.caught for c in counts) and any(s.must_be_bad for job in jobs for s in job.controls):
        wrong += 1
    print(f"crash: {total} distinct states good, {wrong} wrong" + (
        f"; see {ROOT / 'failed'}, and --replay" if wrong else ""))
    return 1 if wrong else 0
