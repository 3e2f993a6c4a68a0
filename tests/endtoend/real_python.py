"""Debian's python3 at a part of its own test suite, with the tests of processes, threads, mappings and signals."""
import harness
from harness import run
from realprogram import compare

PYTHON = "/usr/bin/python3"
harness.need(PYTHON)
if run([PYTHON, "-c", "import test.test_dict"]).status != 0:
    harness.skip("libpython3.11-testsuite is not installed (scripts/setup installs it)")

NORMALIZE = [(r"\d+:\d\d:\d\d load avg: [\d.]+ ", ""), (r"Total duration: .*", "Total duration"),
             # Said of a test that took more than half a minute, and only then.
             (r"\ntest_\w+ passed in [^\n]*", ""), (r"(ran|run) (in|for) [\d.]+ ?(seconds|sec|ms|s)", "")]

tests = ["test_dict", "test_list", "test_json", "test_mmap", "test_thread", "test_threading", "test_posix", "test_os",
         "test_subprocess", "test_fork1", "test_ctypes", "test_zlib"]
if harness.LONG:
    tests += ["test_signal", "test_multiprocessing_fork", "test_multiprocessing_spawn", "test_asyncio", "test_io"]
for test in tests:
    compare(test, [PYTHON, "-m", "test", test], normalize=NORMALIZE, tree=False, timeout=800)
compare("tree", [PYTHON, "-m", "test", "test_fork1", "test_dict"], normalize=NORMALIZE)
