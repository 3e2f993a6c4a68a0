"""How long reading takes as a recording grows, and in how much memory; and each export of a recording."""
import shutil
import subprocess

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
    """100,000 live blocks and 65,536 stacks. Of the longer recordings it is told how much longer an event takes than in the
    shortest: 1.00 is linear."""
    names = {events: f"{events:,} events, 65,536 stacks" for events in plan.long_events}
    if not any(wanted(f"reading {name}") for name in names.values()):
        return
    root, program = bench.source.parents[1], bench.build / "long_trace"
    subprocess.run(["gcc", "-O2", "-D_GNU_SOURCE", f"-I{root}/include", f"-I{root}/preload", str(bench.source / "long_trace.c"),
                    str(root / "preload/record/encode.c"), "-o", str(program), "-lzstd", "-lxxhash"], check=True)
    first = None
    for events, name in names.items():
        if not wanted(f"reading {name}"):
            continue
        recording = bench.work / "long"
        subprocess.run([str(program), str(recording), str(events), str(plan.live), "16"], check=True)
        size = sum(file.stat().st_size for file in recording.iterdir())
        runs = [measured(bench, ["report", str(recording)]) for _ in range(plan.reads)]
        shutil.rmtree(recording)
        cpu, rss = (table.median([figure(run) for run in runs]) for figure in (lambda run: run.cpu, lambda run: run.rss))
        first = first or cpu / events
        yield table.Row("reading", name, "s", {"probe": [run.wall for run in runs]}, "≤ 512 MiB, linear",
                        f"{rss / MIB:.0f} MiB, CPU {cpu:.1f} s, {cpu * 1e9 / events:.0f} ns an event: {cpu / events / first:.2f} × the "
                        f"first; on disk {size / MIB:,.0f} MiB")


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
