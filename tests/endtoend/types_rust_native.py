"""Types of blocks in a native Rust program, by line: with debug information, in both manglings and at several levels of
optimization, nearly every block has its type and hardly any a wrong one; by symbols alone fewer have one, and none a wrong
one. The program tells what it keeps, and counts it in an allocator of its own (tests/fixtures/rust/kept.rs)."""
import collections
import os
import re
from concurrent.futures import ThreadPoolExecutor

from harness import SOURCE, TMP, lost_nothing, need, record, report, run

need("rustc", "strip")
KEPT = SOURCE / "tests" / "fixtures" / "rust" / "kept.rs"
RUSTC = "/usr/bin/rustc" if os.path.exists("/usr/bin/rustc") else "rustc"  # Debian's, whose library's names these are

# Level, mangling, debug information (0: the same program stripped of it): the least share of blocks whose type is right, and
# the most whose type is wrong. With link-time optimization functions are merged before they are inlined.
LTO = "3 -C lto=fat -C codegen-units=1"
BUILDS = {
    ("0", "legacy", 2): (0.99, 0.005), ("2", "legacy", 2): (0.95, 0.005), ("3", "v0", 2): (0.95, 0.005),
    ("0", "v0", 0): (0.65, 0), ("3", "v0", 0): (0.25, 0), (LTO, "v0", 2): (0.85, 0.005),
}
CASE = re.compile(r"^kept::(boxes|vectors|counted|objects|maps|texts|more)$")


def build(name, level, *options):
    made = TMP / name
    done = run([RUSTC, "--edition", "2021", "--crate-name", "kept", "-C", *f"opt-level={level}".split(), *options, KEPT, "-o", made],
               {"RUSTC_BOOTSTRAP": "1"})
    assert done.status == 0, done
    return made


def build_as(level, mangling):
    return build(f"kept-{level.replace(' ', '')}-{mangling}", level, "-g", "-Z", "unstable-options", "-C", f"symbol-mangling-version={mangling}")


def stripped(program):
    made = program.with_name(f"{program.name}-stripped")
    done = run(["strip", "-g", program, "-o", made])
    assert done.status == 0, done
    return made


def told(text):
    """By line: blocks and bytes that were counted, and blocks by type."""
    counted, types = collections.defaultdict(lambda: [0, 0]), collections.defaultdict(collections.Counter)
    for line in text.splitlines():
        at, blocks, size, *each = line.split("\t")
        counted[int(at)][0] += int(blocks)
        counted[int(at)][1] += int(size)
        for name, count in zip(each[::2], each[1::2]):
            types[int(at)][name] += int(count)
    return counted, types


def cases():
    """The function that each line of the fixture is in."""
    name = ""
    for number, line in enumerate(KEPT.read_text().splitlines(), 1):
        name = line.split("(")[0][3:] if line.startswith("fn ") else name
        yield number, name


def rows_of(data):
    """By line, and by function: blocks and bytes, and blocks by type; closures and impls without their numbers."""
    sums, types = collections.defaultdict(lambda: [0, 0]), collections.defaultdict(collections.Counter)
    for row in data["leaks"]["by_site"]:
        case = [frame for frame in row["stack"] if CASE.match(frame["function"] or "")]
        if row["domain"] != "heap" or not case:
            continue
        assert row["type"] is None or row["type_evidence"], row
        name = row["type"] and re.sub(r"#\d+", "", row["type"])
        for key in (case[0]["line"], CASE.match(case[0]["function"])[1]):
            sums[key][0] += row["blocks"]
            sums[key][1] += row["bytes"]
            types[key][name] += row["blocks"]
    return sums, types


def check(how, program, counted, truth):
    least, most = BUILDS[how]
    out = TMP / f"rec-{'-'.join(map(str, how)).replace(' ', '')}"
    done = record([program], out)
    assert done.status == 0, done
    assert told(done.err.decode())[1] == truth, "it keeps what the one that counts keeps"
    data = report(out)
    lost_nothing(data)
    sums, types = rows_of(data)
    if how[2]:  # every leak at its line, and none but those
        at_lines = {line: tuple(sum_) for line, sum_ in sums.items() if isinstance(line, int)}
        assert at_lines == {line: tuple(sum_) for line, sum_ in counted.items() if sum_[0]}, (at_lines, counted)
    else:
        functions = dict(cases())
        whole, truth = truth, collections.defaultdict(collections.Counter)
        for line, each in whole.items():
            truth[functions[line]] += each
    right = wrong = 0
    for key, each in truth.items():
        each = +each
        right += sum((each & types[key]).values())
        over = {name: count for name, count in (types[key] - each).items() if name}
        if over:
            print(f"{how} {key}: {over}, should be {dict(each)}")
        wrong += sum(over.values())
    total = sum(blocks for blocks, _ in counted.values())
    print(*how, f"{total} blocks: right {right / total:.1%}, wrong {wrong / total:.2%}")
    assert right >= least * total and wrong <= most * total, f"{how}: {right} right and {wrong} wrong of {total}"


hows = dict.fromkeys(how[:2] for how in BUILDS)
with ThreadPoolExecutor(2) as pool:
    programs = dict(zip(hows, pool.map(lambda how: build_as(*how), hows)))
done = run([build("counted", "0", "--cfg", "counted")])
assert done.status == 0, done
kept, named = told(done.err.decode())
assert all(blocks == sum(named[line].values()) for line, (blocks, _) in kept.items()), "the fixture tells of every block"
for how in BUILDS:
    check(how, programs[how[:2]] if how[2] else stripped(programs[how[:2]]), kept, named)
