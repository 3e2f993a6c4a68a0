"""The drain killed in the middle of a chunk loses and doubles nothing.

strace holds the thread that writes a chunk after its write, before the ring's tail is moved: killed there, the events
of the chunk are both in the log and in the ring. A kill within the write leaves a part of the chunk, so the log is
cut off at every sort of place in it as well.
"""
import os
import random
import shutil
import signal
import subprocess
import time

from harness import LONG, PROBE_LIB, TMP, environment, need, report, skip
from killing import await_books, image_of
from truth import check_killed, fixture, killed_books

HEADER, STORED_SIZE = 64, 44


def chunks_of(log):
    """Offsets of the chunks, and the end of the last one."""
    data, offsets, at = log.read_bytes(), [], 0
    while at + HEADER <= len(data) and data[at:at + 4] == b"PBCK":
        offsets.append(at)
        stored = int.from_bytes(data[at + STORED_SIZE:at + STORED_SIZE + 4], "little")
        at = (at + HEADER + stored + 7) // 8 * 8
    return offsets, min(at, len(data))


def killed_in_a_chunk(number, rng):
    books, out = TMP / f"drain-{number}.books", TMP / f"drain-{number}.probe"
    trace = ["strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=pwritev",
             "-e", "inject=pwritev:delay_exit=2000000", "-E", f"LD_PRELOAD={PROBE_LIB}", "-E", f"PROBE_OUT={out}"]
    child = subprocess.Popen([*trace, str(fixture("killed")), str(books), "4", "0", "wait"], env=environment(),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    pid = await_books(books, child, lambda pid, done: pid)
    end = time.monotonic() + 20
    while not any(log.stat().st_size > 0 for log in out.glob("*.log")):
        if child.poll() is not None or time.monotonic() > end:
            skip(f"strace cannot hold the drain here: {child.communicate()}")
    time.sleep(rng.uniform(0, 0.3))
    os.kill(pid, signal.SIGKILL)
    child.communicate(timeout=60)
    log, = out.glob("*.log")
    offsets, log_end = chunks_of(log)
    assert offsets, f"no chunk in {log}"
    _, _, did = killed_books(books)
    finished = sum(sum(d.values()) for d in did)
    # No ring's tail has moved yet: however much of the log is there, nothing is missing and nothing is there twice.
    cuts = [None, 0, 1, HEADER - 1, HEADER, HEADER + 1, log_end - 1]
    cuts += [rng.randrange(log_end) for _ in range(50 if LONG else 5)]
    for cut in cuts:
        copy = TMP / f"drain-{number}.copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(out, copy)
        if cut is not None:
            os.truncate(copy / log.name, cut)
        data = report(copy)
        process = image_of(data, pid)
        wrong = check_killed(data, process, did)
        if process["end"] != "killed" or process["lost"] or process["repaired"] or process["unmatched_frees"]:
            wrong.append(str(process))
        what = f"run {number}, log cut at {cut} of {log_end} (chunks at {offsets})"
        assert not wrong, f"{what}:\n  " + "\n  ".join(wrong)
    print(f"run {number}: {len(offsets)} chunks written by a drain that was killed, {finished} finished calls, "
          f"{len(cuts)} cuts: right")


need("strace")
for number_ in range(20 if LONG else 3):
    killed_in_a_chunk(number_, random.Random(number_))
