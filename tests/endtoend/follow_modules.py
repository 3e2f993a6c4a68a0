"""What is loaded and unloaded is recorded, and loading goes as without libprobe.so: search paths of the caller,
errors, constructors that load and fork."""
import os
import re
import subprocess

import tracefile
from harness import FIXTURES, PROBE_LIB, SOURCE, TMP, record, run, same

LOADER = FIXTURES / "follow_loader"
LIBRARY = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
const char *name(void) { return "%(name)s"; }
void *load(const char *file) { return dlopen(file, RTLD_NOW); }
void *allocate(void) { return malloc(%(size)d); }
char room[%(room)d] = {1};
__attribute__((constructor)) static void start(void) { free(malloc(33)); %(constructor)s }
"""
count = 0


def build(file, *link, constructor="", room=1, size=10):
    """A shared library; its function name() returns its path below TMP."""
    path = TMP / file
    path.parent.mkdir(parents=True, exist_ok=True)
    source = LIBRARY % {"name": file, "constructor": constructor, "room": room, "size": size}
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-x", "c", "-", "-o", path, *link], input=source.encode(),
                   check=True)
    return path


def loading(*words, program=LOADER, env=None):
    global count
    count += 1
    out = TMP / f"r{count}"
    bare = run([program, *words], env, cwd=TMP)
    outcome = record([program, *words], out, env, cwd=TMP)
    try:
        same(bare, outcome)
    except AssertionError as problem:
        raise AssertionError(f"{words}: {problem}") from None
    assert outcome.status == 0, outcome
    found = tracefile.processes(out)
    for p in found:
        consistent(p)
    return outcome.out.decode(), found


def consistent(p):
    """At each address a module comes before it goes, two are never at one place, generations count the unloads."""
    there, gone = [], {}
    for m in p.loads:
        if m.unload:
            before = [t for t in there if (t.start, t.end) == (m.start, m.end)]
            assert len(before) == 1, f"unloaded at {m.start:#x}, where {before} is"
            there.remove(before[0])
            gone[m.start, m.end] = gone.get((m.start, m.end), 0) + 1
        else:
            clash = [t.path for t in there if t.start < m.end and m.start < t.end]
            assert not clash, f"{m.path} lies where {clash} is"
            places = [m.start] + [start for start, _ in gone if m.start <= start < m.end]
            fewest = max(sum(n for (start, end), n in gone.items() if start <= a < end) for a in places)
            assert m.generation >= fewest, f"{m.path} is of generation {m.generation}, not {fewest}"
            there.append(m)
    return there


def build_id(path):
    text = subprocess.run(["readelf", "-n", path], capture_output=True, check=True, text=True).stdout
    found = re.search(r"Build ID: ([0-9a-f]+)", text)
    return found[1] if found else ""


plain = build("plain.so", "-Wl,--build-id=sha1")
none = build("none.so", "-Wl,--build-id=none")

# From the start, in the program and in a forked child.
_, found = loading("fork")
assert len(found) == 2
for p in found:
    paths = {m.path: m for m in p.modules}
    libc = os.path.realpath("/lib/x86_64-linux-gnu/libc.so.6")
    by_real = {os.path.realpath(path): m for path, m in paths.items() if path}
    for path in (os.path.realpath(LOADER), os.path.realpath(PROBE_LIB), libc):
        assert path in by_real and by_real[path].build_id == build_id(path), f"{path} in {paths.keys()}"
    assert "" in paths and len(paths) == len(p.modules) == 5, paths.keys()
    assert all(m.generation == 0 and m.start < m.end and m.start % 4096 == m.end % 4096 == 0 for m in p.modules)
assert [(m.path, m.start) for m in found[0].modules] == [(m.path, m.start) for m in found[1].modules]

# Opened and closed; a relative name is told absolutely.
_, found = loading("open", "./plain.so", "call", "close", "open", none, "open", none, "close", "close", "open", plain)
loads = [(m.path, m.unload, m.build_id) for m in found[0].loads[5:]]
assert loads == [(str(plain), False, build_id(plain)), ("", True, ""), (str(none), False, ""), ("", True, ""),
                 (str(plain), False, build_id(plain))], loads

# Another module at the address of one that is gone, of the same size and overlapping it.
large, larger = build("large.so", room=300000), build("larger.so", room=330000)
_, found = loading("open", large, "close", "open", build("large2.so", room=300000), "call", "close", "open", larger,
                   "close", "open", large)
one, two, three, four = found[0].modules[5:]
assert (one.start, one.generation, two.generation) == (two.start, 0, 1), found[0].modules
assert three.start < two.start < three.end and (three.generation, four.generation) == (2, 3), found[0].modules

# A child knows what is loaded, and goes on from there.
_, found = loading("open", plain, "open", none, "close", "fork", "close", "open", large)
parent, child = found
assert {m.path for m in consistent(parent)} == {m.path for m in child.modules[:-1]}, [m.path for m in child.modules]
assert [(m.path, m.unload) for m in child.loads[-2:]] == [("", True), (str(large), False)], child.loads

# Errors are dlerror's to tell, and stay so.
text, _ = loading("open", "/no/such.so", "open", "no-such.so", "open", TMP, "lazy", plain, "open", "$ORIGIN/none",
                  "apart", "/no/such.so", "apart", "no-such.so", "open", "")
assert text.count("not there") == 6, text

# Constructors that load and fork, and what they load unloads with them.
build("inner/second.so", constructor="if (fork() == 0) { free(malloc(5)); _exit(0); } wait(0);")
nested = build("nested.so", constructor=f'dlopen("{TMP}/inner/second.so", RTLD_NOW);')
_, found = loading("open", nested, "call", "fork")
assert len(found) == 3 and {m.path for m in found[0].modules} >= {str(nested), f"{TMP}/inner/second.so"}, \
    tracefile.show(found)

# Search paths of the caller, which libprobe.so must not hide. In each folder is a library of the name that is sought.
for folder in ("runpath", "runpath/sub", "rpath", "rpath/sub", "below", "library_path", "program", "program/sub"):
    build(f"{folder}/bare.so")
    build(f"{folder}/other.so")
finder = build("runpath/finder.so", "-Wl,--enable-new-dtags,-rpath,$ORIGIN/sub")
text, _ = loading("open", finder, "as", "bare.so", "call")
assert text.endswith("runpath/sub/bare.so\n"), text
text, _ = loading("open", finder, "as", "$ORIGIN/bare.so", "call")
assert text.endswith("runpath/bare.so\n"), text
text, _ = loading("open", build("below/finder.so"), "as", "$ORIGIN/bare.so", "call")
assert text.endswith("below/bare.so\n"), text
text, _ = loading("open", finder, "as", "bare.so", "call", env={"LD_LIBRARY_PATH": str(TMP / "library_path")})
assert text.endswith("library_path/bare.so\n"), text
old = build("rpath/finder.so", "-Wl,--disable-new-dtags,-rpath,$ORIGIN/sub")
text, _ = loading("open", old, "as", "bare.so", "call", env={"LD_LIBRARY_PATH": str(TMP / "library_path")})
assert text.endswith("rpath/sub/bare.so\n"), text
# What comes along with a library that has an RPATH finds by it too.
needed = build("rpath/sub/needed.so", "-Wl,-soname,needed.so")
subprocess.run(["cc", "-shared", "-o", TMP / "rpath/holder.so", "-x", "c", os.devnull, "-x", "none",
                "-Wl,--no-as-needed", needed, "-Wl,--disable-new-dtags,-rpath,$ORIGIN/sub"], check=True)
text, _ = loading("open", TMP / "rpath/holder.so", "as", "bare.so", "call")
assert text.endswith("rpath/sub/bare.so\n"), text
below = build("below/finder.so")
# The program's RPATH counts for all, its RUNPATH for itself alone.
for tags, finds in (("--disable-new-dtags", True), ("--enable-new-dtags", False)):
    program = TMP / f"program/loader{tags}"
    subprocess.run(["cc", "-D_GNU_SOURCE", SOURCE / "tests/fixtures/follow_loader.c", "-o", program, "-pthread",
                    f"-Wl,{tags},-rpath,$ORIGIN/sub"], check=True)
    text, _ = loading("open", "bare.so", "call", "open", "$ORIGIN/other.so", "call", program=program)
    assert "program/sub/bare.so" in text and "program/other.so" in text, text
    text, _ = loading("open", below, "as", "bare.so", "call", program=program)
    assert text.endswith("program/sub/bare.so\n") == finds, text
text, found = loading("open", below, "as", "bare.so", "call")
assert "not there" in text, text

# What is loaded so that we do not see it is said.
text, found = loading("deep", plain, "call")
assert [w for w in found[0].warnings if "RTLD_DEEPBIND" in w and str(plain) in w], found[0].warnings
text, found = loading("apart", plain, "call", "close", "apart", plain)
assert [w for w in found[0].warnings if "dlmopen" in w and str(plain) in w], found[0].warnings
apart = [(m.path, m.unload) for m in found[0].loads[5:]]
assert [path for path, unload in apart if path.endswith(("plain.so", "libc.so.6")) and not unload] and \
    len([1 for _, unload in apart if unload]) == 2, apart

# A program with its own malloc.
subprocess.run(["cc", "-O1", "-fno-builtin", "-rdynamic", "-x", "c", "-", "-o", TMP / "own"], check=True, input=b"""
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>
static char heap[1 << 20];
static size_t used;
void *malloc(size_t size) { char *p = heap + used; used += (size + 15) & ~15ul; return p; }
void *calloc(size_t n, size_t size) { return malloc(n * size); }
void *realloc(void *p, size_t size)
{
	char *n = malloc(size);

	for (size_t i = 0; p && i < size; i++)
		n[i] = ((char *)p)[i];
	return n;
}
void free(void *p) { (void)p; }
int main(void) { if (fork() == 0) return 0; return puts(malloc(10) ? "ok" : "no") < 0; }
""")
text, found = loading(program=TMP / "own")
assert all(p.flags & tracefile.OWN_HEAP for p in found), [p.flags for p in found]
assert [w for w in found[0].warnings if str(TMP / "own") in w and "malloc" in w], found[0].warnings
text, found = loading("fork")
assert not any(p.flags & tracefile.OWN_HEAP for p in found) and not found[0].warnings, tracefile.show(found)

# Threads that load and unload while children are forked.
_, found = loading("storm", plain, large)
assert len(found) == 101 and all(p.end == tracefile.END_EXIT for p in found), tracefile.show(found)
assert len(consistent(found[0])) == 5, [m.path for m in consistent(found[0])]
