"""abort, a segfault, _exit in a thread, exec with and without success, in the middle of other threads' calls."""
from harness import LONG
from killing import end_by

for number in range(10 if LONG else 1):
    for end in ("abort", "segfault", "exit", "exec", "noexec"):
        for calls in (0, 3000):
            for parent in (False, True):
                end_by(end, calls, parent, number)
