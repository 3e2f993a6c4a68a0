"""Types of blocks in small C and C++ programs made from seeds (typecorpus.py), which know what they leak: gcc and clang, at
-O0 and -O2 and with link-time optimization, DWARF 4 and 5, split and compressed. Every leak is found at its line with
its blocks and bytes, none is invented, and the type is right. The long form makes 300 programs in all ways."""
import collections
import concurrent.futures
import json
import os
import re
import shutil

from harness import LONG, TMP, need, probe, record, run
from typecorpus import program

need("gcc", "g++", "clang", "clang++")

PLAIN, SPLIT4, SPLIT5 = "-g", "-gdwarf-4 -gsplit-dwarf", "-gdwarf-5 -gsplit-dwarf"
FORMS = [PLAIN, SPLIT4, SPLIT5, "-gdwarf-4 -gz", "-gdwarf-5 -gz"]
LEVELS = {"-O0": (.99, .005), "-O2": (.95, .005), "-O1": (.95, .005), "-Os": (.95, .005), "-O3": (.95, .005),
          "-O2 -flto": (.85, .005)}
LTO = "-O2 -flto"


def mixed(level, form):
    """Split debug information of link-time optimization is of no use to any reader."""
    return level, form.replace(" -gsplit-dwarf", "") if level == LTO else form


def ways():
    """Seed, is it C++, compiler, level, form of debug information."""
    if not LONG:
        # Each way has its share; C++ takes long to compile.
        for seed in range(150):
            yield seed, False, ("gcc", "clang")[seed % 2], *mixed(("-O0", "-O2", "-O2", LTO)[seed // 2 % 4], FORMS[seed % 5])
        for seed in range(200, 236):
            yield seed, True, ("g++", "clang++")[seed % 2], ("-O0", "-O2", "-O2")[seed // 2 % 3], FORMS[seed % 5]
        return
    for seed in range(int(os.environ.get("CORPUS_PROGRAMS", 300))):
        cxx = seed % 2 == 1
        for compiler in ("g++", "clang++") if cxx else ("gcc", "clang"):
            for level in LEVELS:
                for form in FORMS if level in ("-O0", "-O2") else (PLAIN,):
                    yield seed, cxx, compiler, level, form


def build(seed, cxx, compiler, level, form, folder):
    source = folder / ("program.cc" if cxx else "program.c")
    source.write_text(program(seed, cxx))
    flags = [*level.split(), *form.split(), "-w", *(["-std=c++17"] if cxx else [])]
    if "-flto" in level and compiler.startswith("clang"):
        flags.append("-fuse-ld=lld")
    # Split debug information lies beside the object, which is kept as the program's own.
    done = run([compiler, *flags, "-c", source.name, "-o", "program.o"], cwd=folder)
    assert done.status == 0, f"{compiler} {flags} {source}: {done}"
    done = run([compiler, *flags, "program.o", "-o", "program"], cwd=folder)
    assert done.status == 0, f"{compiler} {flags} {source}: {done}"
    return source.name


def spelled(type_):
    """As it is compared: blanks are the compilers', of inline namespaces nothing is known."""
    return re.sub(r"\s+", "", re.sub(r"std::__cxx11::", "std::", type_ or ""))


def judge_row(row, truth):
    """right, wrong or null; `truth`: type, bytes, size, count."""
    type_, size = truth[0], truth[2]
    if row["type"] is None:
        return "null"
    # Of objects with destructors their number lies before them.
    count = (truth[1] - truth[1] % size) // size if size and truth[1] % size in (0, 8) else 1
    told = re.fullmatch(r"(.*)\[(\d+)\]", row["type"])
    bare = told[1] if told else row["type"]
    if spelled(bare) != spelled(type_) or (told and size and int(told[2]) != count):
        return "wrong"
    return "right"


def one(way):
    """Makes a program, runs it, and holds the report to what it says."""
    seed, cxx, compiler, level, form = way
    folder = TMP / f"{seed}-{compiler}-{level}-{form}".replace(" ", "")
    folder.mkdir()
    source = build(seed, cxx, compiler, level, form, folder)
    done = record([folder / "program"], folder / "rec", cwd=folder)
    assert done.status == 0, f"{folder}: {done}"
    tally, faults = judge(folder, source, done.out.decode(), level)
    if not faults:
        shutil.rmtree(folder)
    return level, compiler, tally, faults


def judge(folder, source, told, level):
    truths = {}
    for line in told.splitlines():
        at, type_, bytes_, size, count = line.split("\t")
        truths.setdefault(int(at), []).append([type_, int(bytes_), int(size), int(count)])
    report = probe("leaks", folder / "rec", "--json")
    assert report.status == 0, report
    tally, faults = collections.Counter(), []
    for row in json.loads(report.out)["leaks"]["by_site"]:
        lines = [f["line"] for f in row["stack"] if f["file"] and os.path.basename(f["file"]) == source]
        if row["domain"] != "heap" or not lines:
            continue
        at = next((line for line in lines if line in truths or -line in truths), None)
        if at is not None and at not in truths:
            at = -at
        what = f"{folder.name}: {row['bytes']} bytes in {row['blocks']} at {lines}: {row['type']} ({row['type_evidence']})"
        matching = [t for t in truths.get(at, []) if t[3] >= row["blocks"] and t[1] * row["blocks"] == row["bytes"]]
        if not matching and level != "-O0":
            # A function that ended in the call is not there. Its caller is, and what it has no other line for.
            matching = [t for line, kinds in truths.items() if line < 0 for t in kinds
                        if t[3] >= row["blocks"] and t[1] * row["blocks"] == row["bytes"]]
            tally["left"] += row["blocks"] * bool(matching)
        if not matching:
            faults.append(f"INVENTED {what}; truth {truths.get(at)}")
            continue
        # Of several kinds at one line and of one size, the one that is right if any is.
        verdicts = [judge_row(row, t) for t in matching]
        best = min(range(len(verdicts)), key=lambda i: ("right", "null", "wrong").index(verdicts[i]))
        matching[best][3] -= row["blocks"]
        tally[verdicts[best]] += row["blocks"]
        if verdicts[best] != "right":
            faults.append(f"{verdicts[best].upper()} {what}; truth {matching[best][:3]}")
    tally["blocks"] = sum(tally[k] for k in ("right", "wrong", "null"))
    for at, kinds in truths.items():
        faults += [f"MISSING {folder.name}: line {at}: {kind}" for kind in kinds if kind[3]]
    return tally, faults


def main():
    tallies, faults, count = collections.defaultdict(collections.Counter), [], 0
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        for level, compiler, tally, found in pool.map(one, ways(), chunksize=4):
            tallies[level].update(tally)
            faults += found
            count += 1
    for fault in sorted(faults):
        print(fault)
    for level, tally in tallies.items():
        print(f"{level}: {tally['blocks']} blocks, right {tally['right'] / tally['blocks']:.2%}, wrong "
              f"{tally['wrong'] / tally['blocks']:.2%}, none {tally['null'] / tally['blocks']:.2%}")
    print(f"{count} programs")
    assert not [f for f in faults if f.startswith(("INVENTED", "MISSING"))]
    for level, tally in tallies.items():
        least, most = LEVELS[level]
        assert tally["right"] >= least * tally["blocks"], f"{level}: too few types"
        assert tally["wrong"] <= most * tally["blocks"], f"{level}: too many wrong types"


if __name__ == "__main__":
    main()
