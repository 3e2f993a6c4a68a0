"""Types of blocks in small C and C++ programs made from seeds (typecorpus.py), which know what they leak: gcc and clang, at
-O0 and -O2 and with link-time optimization, DWARF 4 and 5, split, packaged, in type units, compressed by zlib and by dwz.
Every leak is found at its line with its blocks and bytes, none is invented, and the type is right. The long form makes
300 programs in all ways; CORPUS_CACHE names a folder that keeps what was built and recorded for the next time."""
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil

from harness import LONG, TMP, need, probe, record, run
from typecorpus import program

need("gcc", "g++", "clang", "clang++", "dwz", "objcopy", "dwp", "ld.lld")

PLAIN = "-gdwarf-5"
# How a compiler writes debug information, and what is made of that.
FORMS = {PLAIN: ("", "gz", "dwz"), "-gdwarf-4": ("gz", "dwz"), "-gdwarf-4 -gsplit-dwarf": ("", "dwp"),
         "-gdwarf-5 -gsplit-dwarf": ("",), "-gdwarf-4 -fdebug-types-section": ("",), "-gdwarf-5 -fdebug-types-section": ("",)}
# How many are right at least, and wrong at most. At -O0 it is to be .99: what is missing are classes that begin with the one that
# receives them, of which nothing but the size tells; to guess by that was wrong in programs that are not ours.
LEVELS = {"-O0": (.97, .005), "-O2": (.95, .005), "-O1": (.95, .005), "-Os": (.95, .005), "-O3": (.95, .005),
          "-O2 -flto": (.85, .005)}
LTO = "-O2 -flto"
CACHE = os.environ.get("CORPUS_CACHE")


def ways():
    """Seed, is it C++, compiler, level, form of debug information, what is made of it."""
    for *way, form, all_made in all_ways():
        # dwz does not know how clang writes DWARF 5.
        yield *way, form, [made for made in all_made if (made, form, way[2][:5]) != ("dwz", PLAIN, "clang")]


def all_ways():
    every = [(form, made) for form, all_made in FORMS.items() for made in all_made]
    if not LONG:
        # Each way has its share; C++ takes long to compile.
        for seed in range(150):
            form, made = every[seed % len(every)]
            level = ("-O0", "-O2", "-O2", LTO)[seed // 2 % 4]
            # Split debug information of link-time optimization is of no use to any reader.
            yield seed, False, ("gcc", "clang")[seed // 3 % 2], level, *((form, [made]) if level != LTO else (PLAIN, ["", "dwz"]))
        for seed in range(200, 236):
            form, made = every[seed % len(every)]
            yield seed, True, ("g++", "clang++")[seed // 3 % 2], ("-O0", "-O2", "-O2")[seed // 2 % 3], form, [made]
        return
    for seed in range(int(os.environ.get("CORPUS_PROGRAMS", 300))):
        cxx = seed % 2 == 1
        for compiler in ("g++", "clang++") if cxx else ("gcc", "clang"):
            for level in LEVELS:
                for form, made in FORMS.items() if level in ("-O0", "-O2") else ((PLAIN, ("",)),):
                    yield seed, cxx, compiler, level, form, made


def build(source, cxx, compiler, level, form, folder):
    (folder / source).write_text(program(*cxx))
    flags = [*level.split(), *form.split(), "-w", *(["-std=c++17"] if source.endswith("cc") else [])]
    if "-flto" in level and compiler.startswith("clang"):
        flags.append("-fuse-ld=lld")
    # Split debug information lies beside the object, which is kept as the program's own.
    for command in [[*flags, "-c", source, "-o", "program.o"], [*flags, "program.o", "-o", "program"]]:
        done = run([compiler, *command], cwd=folder)
        assert done.status == 0, f"{compiler} {command} {folder}: {done}"


def make(made, folder):
    """Debug information in another form, of the same program."""
    command = {"gz": ["objcopy", "--compress-debug-sections=zlib", "program"], "dwz": ["dwz", "program"],
               "dwp": ["dwp", "-e", "program", "-o", "program.dwp"]}[made]
    done = run(command, cwd=folder)
    assert done.status == 0, f"{command} {folder}: {done}"


def spelled(type_):
    """As it is compared: blanks are the compilers', of inline namespaces nothing is known."""
    return re.sub(r"\s+", "", re.sub(r"std::__cxx11::", "std::", type_ or ""))


def count_of(truth):
    """Of objects with destructors their number lies before them. What has something behind it is no array."""
    _, bytes_, size, _ = truth
    return bytes_ // size if size and bytes_ % size in (0, 8) else 1


def judge_row(row, truth):
    """right, wrong or null; `truth`: type, bytes, size, count. An array may be told without its number: where a number of
    bytes stands in the code nothing says that it is one."""
    type_, count = truth[0], count_of(truth)
    if row["type"] is None:
        return "null"
    told = re.fullmatch(r"(.*)\[(\d+)\]", row["type"])
    bare = told[1] if told else row["type"]
    if spelled(bare) != spelled(type_) or (told and int(told[2]) != count):
        return "wrong"
    return "right"


def one(way):
    """Makes a program, runs it, and holds the reports to what it says."""
    seed, cxx, compiler, level, form, all_made = way
    source = "program.cc" if cxx else "program.c"
    name = f"{seed}-{compiler}-{level}-{form}".replace(" ", "")
    key = hashlib.sha256(program(seed, cxx).encode()).hexdigest()[:12]
    folder = pathlib.Path(CACHE) / f"{name}-{key}" if CACHE else TMP / name
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        build(source, (seed, cxx), compiler, level, form, folder)
        done = record([folder / "program"], folder / "rec", cwd=folder)
        assert done.status == 0, f"{folder}: {done}"
        (folder / "told").write_bytes(done.out)
        shutil.copy2(folder / "program", folder / "plain")
        (folder / "done").touch()
    result = []
    for made in all_made:
        shutil.copy2(folder / "plain", folder / "program")
        aside = [(dwo, dwo.with_suffix(".aside")) for dwo in folder.glob("*.dwo")] if made == "dwp" else []
        if made:
            make(made, folder)
        for dwo, hidden in aside:
            dwo.rename(hidden)
        tally, faults = judge(folder, source, (folder / "told").read_text(), level, f"{name} {made}")
        for dwo, hidden in aside:
            hidden.rename(dwo)
        (folder / "program.dwp").unlink(missing_ok=True)
        result.append((level, made, tally, faults))
    if not CACHE and not any(faults for *_, faults in result):
        shutil.rmtree(folder)
    return result


def judge(folder, source, told, level, name):
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
        what = f"{name}: {row['bytes']} bytes in {row['blocks']} at {lines}: {row['type']} ({row['type_evidence']})"
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
        if verdicts[best] == "right" and count_of(matching[best]) > 1 and not row["type"].endswith("]"):
            tally["unnumbered"] += row["blocks"]
        if verdicts[best] != "right":
            faults.append(f"{verdicts[best].upper()} {what}; truth {matching[best][:3]}")
    tally["blocks"] = sum(tally[k] for k in ("right", "wrong", "null"))
    for at, kinds in truths.items():
        faults += [f"MISSING {name}: line {at}: {kind}" for kind in kinds if kind[3]]
    return tally, faults


def main():
    tallies, faults, count = collections.defaultdict(collections.Counter), [], 0
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        for results in pool.map(one, ways(), chunksize=4):
            for level, made, tally, found in results:
                # What is in a package is not read: types and inlined functions may be unknown, but not wrong.
                tallies[made if made == "dwp" else level].update(tally)
                faults += [fault for fault in found if made != "dwp" or fault.startswith("WRONG")]
                count += 1
    for fault in sorted(faults):
        print(fault)
    for level, tally in tallies.items():
        print(f"{level}: {tally['blocks']} blocks, right {tally['right'] / tally['blocks']:.2%}, without its number "
              f"{tally['unnumbered'] / tally['blocks']:.2%}, wrong {tally['wrong'] / tally['blocks']:.2%}, none "
              f"{tally['null'] / tally['blocks']:.2%}")
    print(f"{count} programs")
    assert not [f for f in faults if f.startswith(("INVENTED", "MISSING"))]
    for level, (least, most) in {**LEVELS, "dwp": (0, .005)}.items():
        tally = tallies.get(level, collections.Counter())
        assert tally["right"] >= least * tally["blocks"], f"{level}: too few types"
        assert tally["wrong"] <= most * tally["blocks"], f"{level}: too many wrong types"


if __name__ == "__main__":
    main()
