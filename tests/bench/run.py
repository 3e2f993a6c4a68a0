"""run.py [--quick] [--json FILE] [--only REGEX] --build DIR: what probe costs, beside running bare and heaptrack.

Prints one table. PROBE_LIB and PROBE_BIN name libprobe.so and probe. Each row's tools run by turns (A B C A B C), and
a figure is the median of its repetitions, so that what else goes on in the machine meets all alike; --quick only
shows that every row works. A row marked ~ is noisy: half its repetitions lie more than a quarter off the median. A
row marked ! is one where probe is not better than heaptrack. The goals are those for stacks that are nearly free.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time

import table
from cpu import cpu_rows
from log import log_rows
from reading import export_rows, long_rows
from tools import Bench, Failed, npm_project, on_disk
from wasm import wasm_rows

MIB = 1 << 20


class Plan:
    """How much of everything: `pairs` in a measured run, over all threads; blocks that live; rounds of allocate.js;
    pairs in a recording that is read; events in those by which it is seen how that grows; blocks in a log; repetitions of
    short, long and reading runs."""

    def __init__(self, quick):
        self.pairs = 20_000 if quick else 600_000
        self.warm_up = 2_000 if quick else 20_000
        self.live = 1_000 if quick else 100_000
        self.node_rounds = 5 if quick else 200
        self.read_pairs = 50_000 if quick else 10_000_000
        self.long_events = [150_000, 300_000, 600_000] if quick else [75_000_000, 150_000_000, 300_000_000]
        self.log_blocks = 50_000 if quick else 5_000_000
        self.short, self.long, self.reads = (1, 1, 1) if quick else (5, 5, 3)


def by_turns(bench, repetitions, command):
    """The runs of a command by tool. One of each first, not counted: caches and pages of the files."""
    runs = {tool: [] for tool in bench.tools}
    for repetition in range(repetitions + (repetitions > 1)):
        for tool in runs:
            run = bench.run(tool, command)
            if repetition or repetitions == 1:
                runs[tool].append(run)
    return runs


def overhead(values):
    """What a tool adds in each repetition to the median of running bare; bare stays as it is."""
    bare = table.median(values["bare"])
    return {tool: of if tool == "bare" else [value - bare for value in of] for tool, of in values.items()}


def pair_row(bench, plan, name, program, depth, threads, goals, extra=(), warm_up=0):
    """Nanoseconds per malloc/free pair: wall as a thread sees it, and CPU of all that the tool runs, less that of the
    same program which stops after its warm-up."""
    section = "malloc/free pair, overhead"
    pairs = plan.pairs // threads
    command = [bench.program(program), str(depth), str(threads), str(warm_up or plan.warm_up)]
    warm = by_turns(bench, (plan.short + 1) // 2, [*command, "0", *extra])
    runs = by_turns(bench, plan.short, [*command, str(pairs), *extra])
    wall = {tool: [int(run.out) / pairs for run in of] for tool, of in runs.items()}
    cpu = {}
    for tool, of in runs.items():
        before = table.median([run.cpu for run in warm[tool]])
        cpu[tool] = [(run.cpu - before) * 1e9 / (pairs * threads) for run in of]
    yield table.Row(section, f"{name}, wall", "ns", overhead(wall), goals[0])
    yield table.Row(section, f"{name}, CPU", "ns", overhead(cpu), goals[1])


def pair_rows(bench, plan, wanted):
    for program, what in (("pair-fp", "frame pointers"), ("pair-nofp", "no frame pointers"),
                          ("mixed", "none, through libc, libstdc++")):
        for depth in (5, 20, 60):
            for threads in (1, 2, 4):
                name = f"{what}, depth {depth}, {threads} thread{'s' * (threads > 1)}"
                if wanted(name):
                    goals = {1: ("1/12" if depth > 5 else "", ""), 4: ("", "1/15")}.get(threads, ("", ""))
                    yield from pair_row(bench, plan, name, program, depth, threads, goals)
    for program, what in (("pair-fp", "frame pointers"), ("pair-nofp", "no frame pointers")):
        for depth in (20, 60):
            name = f"{what}, depth {depth}, 4 newest frames change"
            if wanted(name):
                yield from pair_row(bench, plan, name, program, depth, 1, ("1/8" if depth == 20 else "", ""), ("4",))
    name = f"random sizes, {plan.live:,} live blocks, depth 20"
    if wanted(name):
        # Warm when nearly every one of the blocks is there.
        yield from pair_row(bench, plan, name, "pair-nofp", 20, 1, ("", ""), ("0", str(plan.live)), 4 * plan.live)


def whole_run(name, runs, goal):
    section = "whole runs, overhead"
    for what, figure, wanted in (("wall", lambda run: run.wall, goal), ("CPU", lambda run: run.cpu, "")):
        values = {tool: [figure(run) * 1e3 for run in of] for tool, of in runs.items()}
        bare = table.median(values["bare"])
        note = ", ".join(f"{tool} {table.median(of) / bare:.2f} × bare"
                         for tool, of in values.items() if tool != "bare")
        yield table.Row(section, f"{name}, {what}", "ms", overhead(values), wanted, note)


def peak(name, runs, goal):
    """Peak RSS of the command's process, and of all processes that the tool runs, added up."""
    section = "peak RSS added"
    yield table.Row(section, f"{name}, its process", "MiB",
                    overhead({t: [r.rss / MIB for r in of] for t, of in runs.items()}), goal)
    yield table.Row(section, f"{name}, all processes", "MiB",
                    overhead({t: [(r.rss + r.helper_rss) / MIB for r in of] for t, of in runs.items()}))


def size(bench, name, runs, goal):
    """Bytes per event of the last run of each tool, whose recordings are still there."""
    values, notes = {}, []
    for tool in bench.tools[1:]:
        run = runs[tool][-1]
        if tool == "probe":
            read = json.loads(bench.read(tool, run.recording).out)
            run.events = sum(process["events"] for process in read["processes"])
            lost = sum(process["lost"] for process in read["processes"])
            notes += [f"{lost:,} events lost"] * bool(lost)
            shared = sum(on_disk(file) for file in run.recording.glob("*.shared"))
            notes.append(f"probe: {run.events:,} events, {run.size / MIB:.1f} MiB ({shared / MIB:.1f} of it .shared)")
        if run.events:
            values[tool] = [run.size / run.events]
    return table.Row("trace", name, "B/event", values, goal, ", ".join(notes))


def node_rows(bench, plan, wanted):
    node = shutil.which("node")
    if not node:
        return
    if wanted("node script"):
        script = by_turns(bench, plan.long, [node, str(bench.source / "allocate.js"), str(plan.node_rounds)])
        yield from whole_run("node script", script, "≤ 1.20 × bare")
        yield from peak("node script", script, "≤ 40")
        yield size(bench, "node script", script, "≤ 4")
    npm = shutil.which("npm")
    if npm and wanted("npm --version"):
        # Not through npm's own first line, `env node`: heaptrack leaves at the first exec.
        runs = by_turns(bench, plan.long, [node, os.path.realpath(npm), "--version"])
        yield from whole_run("npm --version", runs, "≤ 1.15 × bare")


def test_rows(bench, plan, wanted):
    """An express application and its tests. Under npm heaptrack sees npm alone: it leaves at the first exec. What it
    costs the tests themselves shows where mocha is run without npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm or not (wanted("npm test") or wanted("express tests, mocha alone")):
        return
    place = npm_project(bench, "express")
    if wanted("npm test"):
        runs = by_turns(bench, plan.long, [node, os.path.realpath(npm), "--prefix", str(place), "test"])
        yield from whole_run("npm test", runs, "≤ 1.10 × bare")
    if wanted("express tests, mocha alone"):
        mocha = place / "node_modules" / "mocha" / "bin" / "mocha.js"
        runs = by_turns(bench, plan.long, [node, str(mocha), "--reporter", "dot", str(place / "test")])
        yield from whole_run("express tests, mocha alone", runs, "")


def small_rows(bench, plan, wanted):
    if wanted("small C program"):
        runs = by_turns(bench, plan.short, [bench.program("pair-fp"), "5", "1", "0", "1000"])
        yield from whole_run("small C program", runs, "")
        yield from peak("small C program", runs, "")
    if wanted("busy C program, 4 threads"):
        runs = by_turns(bench, plan.short, [bench.program("pair-fp"), "20", "4", "0", str(plan.pairs // 4)])
        yield from peak("busy C program, 4 threads", runs, "")


def reading_rows(bench, plan, wanted):
    for name, extra, goal in (("pair", (), ""), ("random sizes", ("0", str(plan.live)), "≤ 6")):
        if not wanted(f"reading {name}"):
            continue
        command = [bench.program("pair-nofp"), "20", "1", "0", str(plan.read_pairs), *extra]
        runs = {tool: [bench.run(tool, command)] for tool in bench.tools[1:]}
        yield size(bench, name, runs, goal)
        reads = {tool: [] for tool in runs}
        for _ in range(plan.reads):
            for tool, of in runs.items():
                reads[tool].append(bench.read(tool, of[0].recording))
        speed = {tool: [(runs[tool][0].events or 0) / run.wall / 1e6 for run in of] for tool, of in reads.items()}
        memory = ", ".join(f"{tool} {table.median([run.rss for run in of]) / MIB:.0f} MiB"
                           for tool, of in reads.items())
        yield table.Row("reading", name, "Mevents/s", speed, "≥ 3 × heaptrack", memory).higher_is_better()


def machine():
    load = os.getloadavg()[0]
    versions = [subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout.strip()
                for tool in ("node", "heaptrack") if shutil.which(tool)]
    print(f"{os.cpu_count()} cores, load {load:.1f} at the start; {', '.join(versions)}")
    print("bare is absolute; in the first three sections probe and heaptrack are what they add to it")
    if load > 0.5 * os.cpu_count():
        print("NOTE: the machine is busy with other work: take wall times with care; CPU times suffer less")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    options.add_argument("--build", required=True, help="folder for the programs and recordings")
    options.add_argument("--quick", action="store_true", help="every row once, in a minute")
    options.add_argument("--json", metavar="FILE", help="the figures, for programs")
    options.add_argument("--only", metavar="REGEX", default="", help="rows whose name matches")
    asked = options.parse_args()
    for name in ("PROBE_LIB", "PROBE_BIN"):
        if not os.access(os.environ.get(name, ""), os.R_OK):
            sys.exit(f"run.py: {name} names no file; scripts/bench sets PROBE_LIB (libprobe.so), PROBE_BIN (probe)")
    plan, began = Plan(asked.quick), time.monotonic()
    bench = Bench(asked.build, os.path.abspath(os.environ["PROBE_LIB"]), os.path.abspath(os.environ["PROBE_BIN"]))
    machine()
    if not bench.heaptrack:
        print("NOTE: heaptrack or zstd is not installed (scripts/setup bench): its column is empty")
    rows, failed = [], []
    for group in (pair_rows, node_rows, test_rows, wasm_rows, small_rows, cpu_rows, reading_rows, long_rows, export_rows,
                  log_rows):
        try:
            for row in group(bench, plan, lambda name: re.search(asked.only, name)):
                rows.append(row)
                if sys.stderr.isatty():
                    print(f"\r{len(rows)} rows, {time.monotonic() - began:.0f} s", end="\r", file=sys.stderr)
        except (Failed, OSError, ValueError) as problem:
            failed.append(str(problem))
    rows.sort(key=lambda row: SECTIONS.index(row.section))
    table.show(rows)
    worse = [] if asked.quick else [f"{row.section}: {row.name}" for row in rows if row.below is False]
    verdict = f"not better than heaptrack (!): {len(worse)}" if worse else "better than heaptrack in every row"
    if asked.quick or not bench.heaptrack:
        verdict = "too short to judge" if asked.quick else "nothing to compare with"
    print(f"\n{len(rows)} rows in {time.monotonic() - began:.0f} s; {verdict}")
    for line in worse:
        print(f"  ! {line}")
    shutil.rmtree(bench.work, ignore_errors=True)
    if asked.json:
        with open(asked.json, "w", encoding="utf-8") as file:
            json.dump({"schema": "probe.bench/1", "quick": asked.quick, "load": os.getloadavg()[0],
                       "rows": [row.as_json() for row in rows], "failed": failed}, file, indent=1)
    for line in failed:
        print(f"run.py: {line}", file=sys.stderr)
    sys.exit(1 if failed else 0)


SECTIONS = ("malloc/free pair, overhead", "whole runs, overhead", "wasm heaps, overhead", "peak RSS added", "trace", "reading",
            "exports")

if __name__ == "__main__":
    main()
