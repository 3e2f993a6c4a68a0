"""gdb, and the program that it debugs, which runs under probe as well: ptrace, breakpoints, signals."""
import shutil

from harness import FIXTURES
from realprogram import compare


def prepare(folder):
    shutil.copy(FIXTURES / "leak", folder / "leak")


# gdb traces by ptrace, so strace cannot watch it at the same time. It announces the thread that drains the rings.
NORMALIZE = [(r"process \d+", "process PID"), (r"\[(New )?(Thread|process|LWP) .*\]\n", ""),
             (r"warning: Error disabling address space randomization.*\n", "")]
_, data = compare("gdb", ["gdb", "-nx", "-batch", "-ex", "break book_order if number == 5", "-ex", "run", "-ex", "bt",
                          "-ex", "print number", "-ex", "delete", "-ex", "continue", "./leak"],
                  prepare, normalize=NORMALIZE + [(r"0x[0-9a-f]+", "ADDRESS")], tree=False)
names = sorted({p["exe"].rsplit("/", 1)[-1] for p in data["processes"]})
assert "gdb" in names and "leak" in names, f"processes of the recording: {names}"
