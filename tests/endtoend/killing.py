"""Runs killed.c under libprobe.so, brings it to one of its ends, and holds the report to what it had finished."""
import os
import random
import shutil
import signal
import subprocess
import time

from harness import PROBE_LIB, TMP, environment, report
from truth import check_killed, fixture, killed_books


def start(books, out, threads, calls, end, parent=False):
    """Starts killed.c, as a child of this program (which is not recorded) or of a recorded shell."""
    command = [str(fixture("killed")), str(books), str(threads), str(calls), end]
    if parent:
        command = ["sh", "-c", '"$@"; exit 0', "sh", *command]
    env = environment({"LD_PRELOAD": PROBE_LIB, "PROBE_OUT": out})
    return subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def await_books(books, child, ready, seconds=30):
    """Waits until the books say `ready`. Busily: the instant matters."""
    end = time.monotonic() + seconds
    while True:
        pid, done, _ = killed_books(books) if books.exists() else (0, 0, [])
        if ready(pid, done):
            return pid
        assert child.poll() is None, f"killed.c ended early: {child.communicate()}"
        assert time.monotonic() < end, f"killed.c hangs: pid {pid}, {done} bursts done"


def finish(child):
    out, err = child.communicate(timeout=60)
    return child.returncode, out, err


def image_of(data, pid):
    found = [p for p in data["processes"] if p["pid"] == pid]
    assert len(found) == 1, f"{len(found)} images of pid {pid}"
    return found[0]


def kill_once(number, rng):
    """One kill at a random instant; returns what is wrong, and what was done in words."""
    books, out = TMP / f"kill-{number}.books", TMP / f"kill-{number}.probe"
    threads = rng.randint(1, 4)
    form = rng.choice(("run", "run", "burst", "burst", "start", "handover"))
    calls = 0
    parent = rng.random() < 0.2
    if form == "burst":
        # A few thousand calls a thread: rings have just been half full, and the drain is at work on them.
        calls = int(2 ** rng.uniform(7, 15))
    child = start(books, out, threads, calls, "handover" if form == "handover" else "wait", parent)
    if form == "start" and not parent:
        time.sleep(rng.uniform(0, 0.02))
    elif form == "burst":
        await_books(books, child, lambda pid, done: pid and done == threads)
        time.sleep(rng.uniform(0, 0.004))
    else:
        await_books(books, child, lambda pid, done: pid)
        time.sleep(rng.uniform(0, 0.15))
    pid = killed_books(books)[0] if books.exists() else 0
    if parent:
        os.kill(pid, signal.SIGKILL)
    else:
        child.kill()
    status, stdout, stderr = finish(child)
    words = f"{form}, {threads} threads, {calls} calls, seed {number}{', recorded parent' if parent else ''}"
    wrong = []
    if status != (0 if parent else -signal.SIGKILL) or stdout or (stderr and not parent):
        wrong.append(f"status {status}, stdout {stdout}, stderr {stderr}")
    pid, _, did = killed_books(books) if books.exists() else (0, 0, [])
    if not out.exists() and not any(any(d.values()) for d in did):
        return wrong, words + " (before anything was recorded)", 0
    try:
        data = report(out)
    except AssertionError as error:
        # Killed before the recording was begun: nothing was finished then.
        return ([str(error)] if any(any(d.values()) for d in did) else []), words, 0
    finished = sum(sum(d.values()) for d in did)
    if pid == 0 and not finished:
        return wrong, words + " (before it began)", 0
    if pid == 0:
        pid = data["processes"][-1]["pid"]
    process = image_of(data, pid)
    ended = ("signal", 9) if parent else ("killed", process["status"])
    if (process["end"], process["status"]) != ended:
        wrong.append(f"end {process['end']} {process['status']}, expected {ended}")
    for field in ("lost", "unmatched_frees", "repaired"):
        if process[field] != 0:
            wrong.append(f"{field} {process[field]}")
    wrong += [str(f) for f in data["findings"] if f["kind"] == "damage"]
    wrong += check_killed(data, process, did, handover=form == "handover")
    if not wrong:
        shutil.rmtree(out)
        books.unlink()
    return wrong, words, finished


def kill_many(count, first=0):
    failed, finished_all = [], 0
    for number in range(first, first + count):
        wrong, words, finished = kill_once(number, random.Random(number))
        finished_all += finished
        if wrong:
            failed.append(number)
            print(f"kill {number}: {words}, {finished} finished:\n  " + "\n  ".join(wrong))
    print(f"{count - len(failed)} of {count} kills right, {finished_all} finished calls")
    assert not failed, f"kills {failed} (their recordings are kept)"


def events_of(did):
    """Events of the finished calls: a resize is two."""
    return sum(n * (2 if name.startswith("realloc") else 1) for d in did for name, n in d.items())


def end_by(end, calls, parent, number):
    """The ends that the program brings about itself."""
    name = f"end-{number}-{end}-{calls}{'-parent' if parent else ''}"
    books, out = TMP / f"{name}.books", TMP / f"{name}.probe"
    child = start(books, out, 4, calls, end, parent)
    status, stdout, stderr = finish(child)
    own = {"abort": -signal.SIGABRT, "segfault": -signal.SIGSEGV, "exit": 7, "exec": 0, "noexec": 0}[end]
    assert status == (0 if parent else own), f"{name}: status {status}: {stderr}"
    assert stdout == b"" and (parent or stderr == b""), f"{name}: {stdout} {stderr}"
    pid, _, did = killed_books(books)
    data = report(out)
    images = [p for p in data["processes"] if p["pid"] == pid]
    assert len(images) == (2 if "exec" in end else 1), f"{name}: {len(images)} images"
    process = images[0]
    if own < 0:
        expected = ("signal", -own) if parent else ("killed", process["status"])
    else:
        expected = ("exit", own) if end == "exit" else ("exec", process["status"])
    assert (process["end"], process["status"]) == expected, f"{name}: {process}, expected {expected}"
    if "exec" in end:
        assert images[1]["exe"].endswith("/true"), images[1]
        assert (images[1]["end"], images[1]["status"]) == ("exit", 0), images[1]
    for field in ("lost", "unmatched_frees", "repaired"):
        assert process[field] == 0, f"{name}: {field} {process[field]}"
    needed = events_of(did)
    # The rest is what libc itself allocates: for threads, say.
    assert needed <= process["events"] <= needed + 200, f"{name}: {process['events']} events of {needed}"
    if own < 0 or calls > 0:
        wrong = check_killed(data, process, did)
        assert not wrong, f"{name}:\n  " + "\n  ".join(wrong)
    # Else other threads went on after the program began to end, and leaks are taken at that instant.
    print(f"{name}: {needed} events, all of them there")
