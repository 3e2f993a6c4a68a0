"""How long reading takes as a recording grows, and in how much memory; and each export of a recording."""
import shutil

import table

MIB = 1 << 20
FORMATS = ("folded", "svg", "pprof", "speedscope", "firefox", "heapprofile", "massif", "dhat", "sqlite", "csv", "allocation-log")


def measured(bench, command):
    """A run of probe that writes into the work folder; the best place for what is thrown away."""
    out = bench.work / "out"
    run = bench.bare([bench.probe, *command, "-o", str(out)]) if command[0] == "export" else bench.bare([bench.probe, *command])
    if out.is_dir():
        shutil.rmtree(out)
    else:
        out.unlink(missing_ok=True)
    return run


def long_rows(bench, plan, wanted):
    """100,000 live blocks, and as many stacks as 16 frames of two functions each make: 65,536. Of the longer ones it is
    told how much longer an event takes than in the shortest: 1.00 is linear."""
    first = None
    for pairs in plan.long_pairs:
        name = f"{2 * pairs:,} events, 65,536 stacks"
        if not wanted(f"reading {name}"):
            continue
        command = [bench.program("pair-nofp"), "20", "1", "0", str(pairs), "16", str(plan.live)]
        recording = bench.record_probe(command).recording
        runs = [measured(bench, ["report", str(recording)]) for _ in range(plan.reads)]
        shutil.rmtree(recording)
        cpu, rss = (table.median([figure(run) for run in runs]) for figure in (lambda run: run.cpu, lambda run: run.rss))
        first = first or (cpu / pairs)
        yield table.Row("reading", name, "s", {"probe": [run.wall for run in runs]}, "≤ 512 MiB, linear",
                        f"{rss / MIB:.0f} MiB, CPU {cpu:.1f} s, {cpu * 1e9 / 2 / pairs:.0f} ns an event: {cpu / pairs / first:.2f} × the first")


def export_rows(bench, plan, wanted):
    formats = [form for form in FORMATS if wanted(f"export {form}")]
    if not formats:
        return
    pairs = plan.read_pairs // 2
    command = [bench.program("pair-nofp"), "20", "1", "0", str(pairs), "0", str(plan.live)]
    recording = bench.work / "exported"
    bench.record_probe(command).recording.rename(recording)
    for form in formats:
        runs = [measured(bench, ["export", str(recording), "--format", form]) for _ in range(plan.reads)]
        cpu, rss = (table.median([figure(run) for run in runs]) for figure in (lambda run: run.cpu, lambda run: run.rss))
        yield table.Row("exports", f"{form}, {2 * pairs:,} events", "s", {"probe": [run.wall for run in runs]}, "≤ 3",
                        f"CPU {cpu:.1f} s, {rss / MIB:.0f} MiB")
    shutil.rmtree(recording)
