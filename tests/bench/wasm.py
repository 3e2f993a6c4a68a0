"""What blocks inside linear memories cost: per event, per compiled module, per proof of o1js where that is installed
(scripts/soak wasm_o1js does it). heaptrack sees nothing of them."""
import pathlib
import shutil
import subprocess

import table
from harness import npm_modules
from tools import Failed

SECTION = "wasm heaps, overhead"
O1JS = pathlib.Path(__file__).resolve().parents[2] / "build" / "o1js"
PROVE = pathlib.Path(__file__).resolve().parents[1] / "fixtures" / "wasm" / "o1js" / "prove.mjs"


def pair_module(bench):
    """wasm_pair.c as a module; None where there is no compiler for it."""
    builtins = list(pathlib.Path("/usr/lib/llvm-14/lib/clang").glob("*/lib/wasi/libclang_rt.builtins-wasm32.a"))
    if not builtins or not shutil.which("wasm-ld"):
        return None
    unit, module = bench.build / "wasm_pair.o", bench.build / "wasm_pair.wasm"
    subprocess.run(["clang", "--target=wasm32-wasi", "-O2", "-c", str(bench.source / "wasm_pair.c"), "-o", str(unit)],
                   check=True)
    subprocess.run(["wasm-ld", "--no-entry", str(unit), "-L/usr/lib/wasm32-wasi", "-lc", str(builtins[0]), "-o",
                    str(module)], check=True)
    return module


def turns(bench, repetitions, commands):
    """Standard output as a number, by name of command, of runs by turns: (tool, command)."""
    values = {name: [] for name in commands}
    for _ in range(repetitions):
        for name, (tool, command) in commands.items():
            values[name].append(float(bench.run(tool, command).out))
    return values


def event_rows(bench, plan, node, module):
    """How long a malloc and a free take on average, of which the malloc has a stack; and where there are no stacks."""
    pairs = 20_000 if plan.short == 1 else 2_000_000
    for depth in (5, 20):
        command = [node, str(bench.source / "wasm_pair.js"), str(module), str(depth), str(pairs)]
        values = turns(bench, plan.short, {"bare": ("bare", command), "probe": ("probe", command),
                                           "flat": ("probe", ["/usr/bin/env", "PROBE_STACK_DEPTH=0", *command])})
        bare = table.median(values["bare"])
        for name, goal in (("probe", "≤ 250"), ("flat", "≤ 60")):
            what = "with stacks" if name == "probe" else "without"
            yield table.Row(SECTION, f"malloc or free, depth {depth}, {what}", "ns",
                            {"bare": [value / 2 / pairs for value in values["bare"]],
                             "probe": [(value - bare) / 2 / pairs for value in values[name]]}, goal)


def compile_row(bench, plan, node):
    modules = sorted(npm_modules(name="npm_wasm").glob("**/*.wasm"), key=lambda file: file.stat().st_size)
    if O1JS.exists():
        modules += sorted(O1JS.glob("node_modules/o1js/dist/node/**/kimchi_wasm_bg.wasm"))
    module = modules[-1]
    command = [node, str(bench.source / "wasm_compile.js"), str(module), "5"]
    values = turns(bench, plan.short, {"bare": ("bare", command), "probe": ("probe", command)})
    bare = table.median(values["bare"])
    yield table.Row(SECTION, f"compiling {module.stat().st_size / 2**20:.1f} MiB", "ms",
                    {"bare": [value / 1e6 for value in values["bare"]],
                     "probe": [(value - bare) / 1e6 for value in values["probe"]]}, "≤ 20 for 15 MB", module.name)


def proof_row(bench, plan, node):
    """Proofs by turns, for what a machine does besides them differs more from minute to minute than probe costs."""
    command = ["/usr/bin/env", f"--chdir={O1JS}", f"XDG_CACHE_HOME={O1JS / 'cache'}", node, str(PROVE),
               str(bench.work / "books"), "1" if plan.short == 1 else "2"]
    cpu = {"bare": [], "probe": []}
    for _ in range(1 if plan.short == 1 else 4):
        for tool, seconds in cpu.items():
            seconds.append(bench.run(tool, command).cpu)
    bare = table.median(cpu["bare"])
    ratios = [probe / by_itself for probe, by_itself in zip(cpu["probe"], cpu["bare"])]
    yield table.Row(SECTION, "o1js proofs, CPU", "s", {"bare": cpu["bare"], "probe": [c - bare for c in cpu["probe"]]},
                    "≤ 1.10 × bare", f"probe {table.median(ratios):.2f} × bare, in pairs {min(ratios):.2f} to {max(ratios):.2f}")


def wasm_rows(bench, plan, wanted):
    node = shutil.which("node")
    if not node:
        return
    if wanted("malloc or free in wasm"):
        module = pair_module(bench)
        if not module:
            raise Failed("no compiler for wasm (scripts/setup)")
        yield from event_rows(bench, plan, node, module)
    if wanted("compiling wasm"):
        yield from compile_row(bench, plan, node)
    if wanted("o1js proofs") and (O1JS / "node_modules" / "o1js").exists():
        yield from proof_row(bench, plan, node)
