"""`npm test` of a real package, bare, under strace and recorded. A helper of the tests real_npm_….py."""
import re
import shutil

import harness
from harness import TMP, lost_nothing, node_environment, npm_modules, record, report, show
from processes import recorded_tree, same_tree, traced

# mocha's own limit of two seconds a test says how busy the machine is.
NPM_TEST = ["npm", "test", "--", "--timeout", "0"]

# What two runs of the same tests may differ in: how long they took.
DURATION = re.compile(r"\((\d+(ms|s|m))\)|\(ms\): *\d+")


def package(name):
    """A fresh copy of an installed package, always in the same place, in which its own tests run: they find what they
    need one folder up."""
    place = TMP / "work"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    (place / "node_modules").symlink_to(npm_modules())
    shutil.copytree(npm_modules() / name, place / name, symlinks=True)
    return place / name


def results(outcome):
    """What mocha says of each test, without the times it took."""
    lines = [DURATION.sub("", line).strip() for line in outcome.out.decode().splitlines()]
    return [line for line in lines if re.match(r"[✔✓-]|\d+\) |\d+ (passing|failing|pending)", line)]


def check(name, passing, threads=1, major=22):
    """Runs the package's tests; they pass alike bare and recorded, and all their processes are in the recording. At
    least one process has `threads` threads. Returns the report."""
    harness.need("strace", "npm")
    env = node_environment(major)
    bare, kernel = traced(NPM_TEST, TMP / "strace.log", env, package(name))
    recording = TMP / f"recording-{major}"
    recorded = record(NPM_TEST, recording, env, package(name), timeout=600)

    assert bare.status == 0, f"the package's tests fail without probe: {bare}"
    assert recorded.status == bare.status, f"npm test ends otherwise when recorded: {recorded}"
    expected, got = results(bare), results(recorded)
    assert f"{passing} passing" in expected, show(bare.out)
    assert got == expected, f"other results when recorded: {sorted(set(got) ^ set(expected))}\n{recorded}"
    assert recorded.err == bare.err, f"another standard error: {show(recorded.err)}\nand not {show(bare.err)}"

    data = report(recording)
    lost_nothing(data)
    count = same_tree(kernel, recorded_tree(data))
    most = max(process["threads"] for process in data["processes"])
    assert most >= threads, f"no process with {threads} threads, at most {most}"
    print(f"{name}: {passing} tests, {count} processes, {sum(p['events'] for p in data['processes'])} events")
    return data

