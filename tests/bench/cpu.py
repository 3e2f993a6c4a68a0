"""What CPU samples cost, 199 a second of each thread's CPU time: by the handler's own clock, as the recording tells it, and by the
CPU time of the whole run, with samples and without, by turns."""
import json
import shutil

import table

RATE = "199"


def cpu_rows(bench, plan, wanted):
    node = shutil.which("node")
    programs = {"C program": [bench.program("pair-nofp"), "20", "4", "0", str(plan.pairs)]}
    if node:
        programs["node script"] = [node, str(bench.source / "compute.js"), str(plan.node_rounds // 2)]
    for name, command in programs.items():
        if wanted(f"CPU samples, {name}"):
            yield cpu_row(bench, plan, name, command)


def cpu_row(bench, plan, name, command):
    without, sampled, shares, count = [], [], [], 0
    for repetition in range(plan.short + (plan.short > 1)):
        pair = bench.record_probe(command), bench.record_probe(command, {"PROBE_CPU": RATE})
        if repetition or plan.short == 1:  # the first brings the files into memory
            without.append(pair[0].cpu)
            sampled.append(pair[1].cpu)
            told = json.loads(bench.bare([bench.probe, "hot", str(pair[1].recording), "--by", "cpu", "--json", "--top",
                                          "1"]).out)
            # A short run may have no sample.
            shares.append(100 * told["sampling"]["handlers_ns"] / (told["totals"]["cpu_ns"] or 1))
            count = told["totals"]["samples"] or 0
    ratio = table.median(sampled) / table.median(without)
    return table.Row("whole runs, overhead", f"CPU samples, {name}", "%", {"probe": shares}, "≤ 2 % of CPU",
                     f"by the handler's clock; {count:,} samples; the run's CPU {ratio:.3f} × that without samples")
