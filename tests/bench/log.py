"""How long probe import takes for an allocation log of ten million lines of eight threads, against awk, which splits it
into fields and does nothing else. Both read the same file by turns, and the recording is written in that time."""
import shutil
import subprocess

import table

MIB = 1 << 20


def log_rows(bench, plan, wanted):
    name = f"allocation log, {plan.log_blocks * 2:,} lines"
    if not wanted(name):
        return
    program, log, out = bench.build / "writeslog", bench.work / "big.log", bench.work / "imported"
    subprocess.run(["gcc", "-O2", "-D_GNU_SOURCE", "-pthread", str(bench.source.parent / "fixtures" / "writeslog.c"), "-o",
                    str(program)], check=True)
    with open(log, "wb") as file:
        subprocess.run([str(program), "8", str(plan.log_blocks)], stdout=file, stderr=subprocess.DEVNULL, check=True)
    runs = {"bare": [], "probe": []}
    for repetition in range(plan.reads + (plan.reads > 1)):
        shutil.rmtree(out, ignore_errors=True)
        pair = (bench.bare(["awk", "{n+=NF} END{print n}", str(log)]),
                bench.bare([bench.probe, "import", str(log), "-o", str(out), "--format", "allocation-log"]))
        if repetition or plan.reads == 1:  # the first brings the file into memory
            runs["bare"].append(pair[0])
            runs["probe"].append(pair[1])
    seconds = {tool: [run.wall for run in of] for tool, of in runs.items()}
    cpu, rss = (table.median([figure(run) for run in runs["probe"]]) for figure in (lambda r: r.cpu, lambda r: r.rss))
    row = table.Row("reading", name, "s", seconds, "≤ 2 × awk, ≤ 1536 MiB",
                    f"bare is awk; probe {row_ratio(seconds):.2f} × that, CPU {cpu:.2f} s, {rss / MIB:.0f} MiB")
    log.unlink()
    yield row


def row_ratio(seconds):
    return table.median(seconds["probe"]) / table.median(seconds["bare"])
