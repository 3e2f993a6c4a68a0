"""probe mark: marks in a running program that knows nothing of them, each at its instant; labels of anybody's bytes; and
what it says where it cannot."""
import json
import os
import pathlib
import signal
import stat
import subprocess

from harness import PROBE_LIB, TMP, environment, lost_nothing, probe, report
from truth import fixture


class Program:
    """steps.c, recorded and under control."""

    def __init__(self, out):
        self.out = out
        env = environment({"LD_PRELOAD": PROBE_LIB, "PROBE_OUT": out})
        self.run = subprocess.Popen([fixture("steps")], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def step(self, order=b"."):
        os.write(self.run.stdin.fileno(), order)
        assert os.read(self.run.stdout.fileno(), 1) == b"."

    def mark(self, label):
        done = probe("mark", str(self.run.pid), label)
        assert done.status == 0 and done.out == done.err == b"", done


def step_row(data):
    return next(row for row in data["leaks"]["by_site"] if row["stack"][0]["function"] == "step")


def labels(data):
    return [mark["label"] for mark in data["marks"]]


# Marks between steps; then it is killed, and taken as it stood.
program = Program(TMP / "killed")
for i in range(8):
    program.step()
    program.mark(f"step {i}")
running = report(program.out)
assert labels(running) == [f"step {i}" for i in range(8)], running["marks"]
program.run.send_signal(signal.SIGKILL)
program.run.wait()
data = report(program.out)
lost_nothing(data)
assert labels(data) == [f"step {i}" for i in range(8)], data["marks"]
times = [mark["time_ns"] for mark in data["marks"]]
assert times == sorted(times) and None not in times, times
row = step_row(data)
assert row["trend"] == "growing" and row["growth_bytes_per_mark"] == 200, row
assert row["growth_blocks_per_mark"] == 2 and row["confidence"] > 0.95, row
late = json.loads(probe("leaks", program.out, "--since", "step 5", "--json").out)
assert step_row(late)["blocks"] == 4, late

# Labels. One that is too long is cut, as probe_mark cuts it.
program = Program(TMP / "labels")
odd = ["two\nlines", "back\\slash \\n", "proof é 証明", "\x1b[31mred\x07", " ", "", "x" * 300, "tab\t", '"quoted"', "#3",
       "100%s%n"]
for label in odd:
    program.step()
    program.mark(label)
done = probe("mark", str(program.run.pid), "--", "--dashes")
assert done.status == 0, done
done = subprocess.run([os.environ["PROBE_BIN"], "mark", str(program.run.pid), b"not \xff UTF-8"], check=True)
program.run.communicate(b"x")
data = report(program.out)
assert labels(data) == [label[:255] for label in odd] + ["--dashes", "not \ufffd UTF-8"], labels(data)
row = step_row(data)
assert row["trend"] == "growing" and row["growth_bytes_per_mark"] == 200, row
text = probe("report", program.out).out
assert b"\x1b" not in text and b"\x07" not in text, text
assert b"measured at 13 marks, two\\nlines" in text, text.decode()
done = probe("leaks", program.out, "--since", odd[3])
assert b"after the mark \\x1b[31mred\\x07" in done.out and b"\x1b" not in done.out, done
done = probe("leaks", program.out, "--since", "none\x1b")
assert done.status == 2 and b"\x1b" not in done.err and b"\\x1b[31mred" in done.err, done
# Nothing of it is for others.
marks = next(program.out.glob("*.marks"))
assert stat.S_IMODE(marks.stat().st_mode) == 0o600, marks.stat()

# A damaged file of marks: what can be read of it counts, the rest is told.
text = marks.read_bytes()
marks.write_bytes(text[:text.index(b"\n") + 1] + b"no time\n99999999999999999999 x\n5\n\x00\n" + b"7 cut")
data = report(program.out)
damage = next(finding for finding in data["findings"] if finding["kind"] == "damage")
assert damage["count"] == 5 and ".marks" in damage["examples"][0], damage
assert labels(data)[0] == odd[0], data["marks"]

# A forked child is another process, and marked alone.
program = Program(TMP / "child")
program.step(b"f")
program.step()
child = int(pathlib.Path(f"/proc/{program.run.pid}/task/{program.run.pid}/children").read_text())
assert probe("mark", str(child), "in the child").status == 0
program.run.communicate(b"x")
data = report(program.out)
assert [(mark["process"].split("-")[0], mark["label"]) for mark in data["marks"]] == [(str(child), "in the child")], data

# Where it cannot.
program = Program(TMP / "closed")
program.step()
pid = str(program.run.pid)
for words, status, message in (
        (("mark", str(os.getpid()), "x"), 3, f"process {os.getpid()}: it is not being recorded"),
        (("mark", "4194304", "x"), 3, "process 4194304: No such process"),
        (("mark", "me", "x"), 2, "a process is given by its number, not 'me'"),
        (("mark", "-1", "x"), 2, "there is no option -1"),
        (("mark", pid), 2, "which label?"),
        (("mark",), 2, "which process?"),
        (("mark", pid, "two", "words"), 2, "one word too many")):
    done = probe(*words)
    assert done.status == status and message in done.err.decode(), (words, done)
# A link leads to somebody else's file.
marks, other = next(program.out.glob("*.shared")).with_suffix(".marks"), TMP / "other"
other.write_bytes(b"mine\n")
for link in (marks.symlink_to, marks.hardlink_to):
    link(other)
    done = probe("mark", pid, "x")
    assert done.status == 3 and b".marks: " in done.err, done
    assert other.read_bytes() == b"mine\n", link
    marks.unlink()
marks.mkdir()
done = probe("mark", pid, "x")
assert done.status == 3 and b".marks: Is a directory" in done.err, done
if os.getuid() == 0:
    # Another user may not; root makes a file that belongs to whom the recording belongs.
    probe_file = os.environ["PROBE_BIN"]
    done = subprocess.run(["setpriv", "--reuid=65534", "--clear-groups", probe_file, "mark", pid, "x"],
                          capture_output=True)
    assert done.returncode in (3, 126, 127), done
    if done.returncode == 3:
        assert done.stderr.startswith(b"probe: process") and b"ermission" in done.stderr, done
program.run.communicate(b"x")
assert probe("mark", pid, "x").status == 3
