"""Types at the allocation sites of real programs and libraries in C and C++, as Debian has their sources, built with and
without optimization: what debug information says of each call (tests/types/sites.c, without running them) against the
cast, the sizeof or the new on the line of the source. Right is what a cast or new names; a sizeof of a pointer or a number says
no more than its size. How many are just the same, sizeof or not, is told beside it. The sources are fetched once into build/types_real."""
import collections
import fcntl
import os
import pathlib
import re
import subprocess

from harness import BUILD, SOURCE, need, run, skip

need("apt-get", "dpkg-source", "gcc", "g++", "clang", "cmake", "ninja", "make")
FOLDER = SOURCE / "build" / "types_real"
SITES = BUILD.absolute() / "tests" / "types" / "types_sites"

# Per package: its functions that allocate and return void *, and how it is built in place with these flags.
PACKAGES = {
    "redis": ("zmalloc zcalloc zrealloc zmalloc_usable zcalloc_num ztrymalloc zrealloc_usable malloc calloc realloc hi_malloc "
              "hi_calloc hi_realloc", "make -j2 -C src CC={cc} MALLOC=libc OPTIMIZATION={level} redis-server", "src/redis-server"),
    "libxml2": ("malloc calloc realloc xmlMalloc xmlRealloc xmlMallocAtomic xmlMallocAtomicLoc",
                "{cc} -g {level} -w -D_GNU_SOURCE -Iinclude -I. -c *.c; {cc} -nostartfiles *.o -lm -lpthread -Wl,--build-id "
                "-Wl,-e,xmlInitParser -o program", "program"),
    "leveldb": ("_Znwm _Znam malloc",
                "cmake -B build -G Ninja -DCMAKE_BUILD_TYPE=None '-DCMAKE_CXX_FLAGS=-g {level}' -DLEVELDB_BUILD_TESTS=OFF "
                "-DLEVELDB_BUILD_BENCHMARKS=OFF -DBUILD_SHARED_LIBS=ON -DCMAKE_SHARED_LINKER_FLAGS=-Wl,--build-id && ninja -j2 -C build leveldb", "build/libleveldb.so"),
    "libjsoncpp": ("_Znwm _Znam malloc",
                   "{cxx} -g {level} -shared -fPIC -Wl,--build-id -Iinclude src/lib_json/*.cpp -o lib.so", "lib.so"),
    "tinyxml2": ("_Znwm _Znam malloc", "{cxx} -g {level} -shared -fPIC -Wl,--build-id tinyxml2.cpp -o lib.so", "lib.so"),
}
WAYS = [("gcc", "-O0"), ("gcc", "-O2"), ("clang", "-O2")]
BUILTIN = {"int", "char", "long", "short", "float", "double", "bool", "size_t", "void*"} | \
    {f"{u}int{n}_t" for u in ("", "u") for n in (8, 16, 32, 64)}


def sources(package):
    """The folder of a package's source."""
    for part in ("sources", "lists/partial", "archives/partial"):
        (FOLDER / part).mkdir(parents=True, exist_ok=True)
    done = list(FOLDER.glob(f"{package}-[0-9]*/"))
    if done:
        return done[0]
    (FOLDER / "sources" / "source.sources").write_text(
        "Types: deb-src\nURIs: http://deb.debian.org/debian\nSuites: bookworm\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n")
    apt = ["apt-get", "-qq", "-o", "Dir::Etc::sourcelist=/dev/null", "-o", f"Dir::Etc::sourceparts={FOLDER}/sources", "-o",
           f"Dir::State::lists={FOLDER}/lists", "-o", f"Dir::Cache={FOLDER}", "-o", "APT::Sandbox::User="]
    for words in ([*apt, "update"], [*apt, "source", "--download-only", package]):
        if run(words, cwd=FOLDER, timeout=600).status != 0:
            skip("the sources cannot be fetched")
    for description in FOLDER.glob(f"{package}_*.dsc"):
        done = run(["dpkg-source", "-x", "--skip-patches", description.name], cwd=FOLDER)
        assert done.status == 0, done
    return next(FOLDER.glob(f"{package}-[0-9]*/"))


def built(package, compiler, level):
    source = sources(package)
    folder = FOLDER / f"built-{package}-{compiler}{level}"
    _, how, made = PACKAGES[package]
    if not (folder / made).exists():
        subprocess.run(["cp", "-a", source, folder], check=True)
        if package == "libxml2":
            done = run(["sh", "./configure", "--without-python", "--without-lzma", "--without-zlib"], cwd=folder, timeout=900)
            assert done.status == 0, done
            for test in [*folder.glob("test*.c"), *folder.glob("run*.c"), *folder.glob("xml*lint.c"), folder / "xmlcatalog.c",
                         folder / "trio.c", folder / "trionan.c", folder / "triostr.c"]:
                test.unlink(missing_ok=True)
        cxx = {"gcc": "g++", "clang": "clang++"}[compiler]
        done = run(["sh", "-c", how.format(cc=compiler, cxx=cxx, level=level)], {"CC": compiler, "CXX": cxx}, cwd=folder,
                   timeout=1800)
        assert done.status == 0, done
    return folder, folder / made


class Expected:
    """What lines of a source tree say."""

    def __init__(self, folder):
        self.lines, self.types, self.same, self.containers = {}, set(BUILTIN), {}, set()
        for path in folder.rglob("*"):
            if path.suffix not in (".c", ".h", ".cc", ".cpp"):
                continue
            text = path.read_text(errors="replace")
            for match in re.finditer(r"}\s*(\w+)\s*;", text):
                self.types.add(match[1])
            for match in re.finditer(r"\b(?:struct|class|union|enum)\s+(\w+)", text):
                self.types.add(match[1])
            for match in re.finditer(r"typedef\s+(?:struct|union|enum)?\s*(\w+)\s*(\**)\s*(\w+)\s*;", text):
                self.types.add(match[3])
                self.same[match[3]] = match[1] + match[2]
            for match in re.finditer(r"typedef\s+(?:struct|union)\s+(\w+)\s*\{(?:[^{}]|\{[^{}]*\})*\}\s*(\w+)\s*;", text):
                self.same[match[2]] = match[1]
            for match in re.finditer(r"(?:typedef\s+(?:std::)?\w+<[^;]*>\s*(\w+)\s*;|using\s+(\w+)\s*=\s*(?:std::)?\w+<)", text):
                self.containers.add(match[1] or match[2])

    def plain(self, type_):
        """As it is compared."""
        type_ = re.sub(r"\b(struct|union|enum|const|volatile|typename)\b", " ", type_)
        type_ = re.sub(r"\[\d+\]$", "", re.sub(r"\s+", "", type_))
        type_ = re.sub(r"^(\w+::)+(?=\w+\**$)", "", type_.replace("(anonymousnamespace)::", ""))
        stars = ""
        for _ in range(9):
            while type_.endswith("*"):
                type_, stars = type_[:-1], stars + "*"
            type_ = {"unsigned": "unsignedint", "unsignedchar": "uint8_t", "xmlChar": "uint8_t"}.get(type_, type_)
            if type_ not in self.same or self.same[type_] == type_:
                break
            type_ = self.same[type_]
        return type_ + stars

    def of(self, path, line):
        """The types that the line speaks of: the cast's, or that of the sizeof, or of the new; and is it a sizeof's? None: it
        does not tell."""
        if path not in self.lines:
            try:
                self.lines[path] = pathlib.Path(path).read_text(errors="replace").split("\n")
            except OSError:
                self.lines[path] = []
        lines = self.lines[path]
        text = lines[line - 1] if 0 < line <= len(lines) else ""
        type_ = r"((?:(?:struct|unsigned|const|enum) )*[A-Za-z_][\w:]*(?: (?:int|char|long|short))?)"
        if "alloc" not in text and re.search(r"\bnew\s+(T|Block)\b", text):
            return None  # of a template's parameter, or class
        match = re.search(r"\bnew\s+(?:\(\S+\)\s*)?" + type_ + r"(\s*\*+)?", text)
        if match and match[1] + (match[2] or "") in self.containers:
            return None
        if match:
            return {match[1] + (match[2] or "").strip()}, False
        match = re.search(r"\(\s*" + type_ + r"\s*(\*+)\s*\)\s*\w*(?:alloc|Malloc|Realloc)\w*\s*\(", text)
        if match:
            return {match[1] + match[2][1:]}, False
        match = re.search(r"\(\s*(\w+)\s*\)\s*\w*(?:alloc|Malloc|Realloc)\w*\s*\(", text)
        if match and self.same.get(match[1], "").endswith("*"):
            return {self.same[match[1]][:-1]}, False
        # Of a sum the first is the header.
        found = [m[1].strip() for m in re.finditer(r"sizeof\s*\(\s*" + type_ + r"(?=\s*\))", text)]
        found = [f for f in found if f.split()[-1] in self.types or f in BUILTIN]
        pointers = [m[1].strip() + m[2] for m in re.finditer(r"sizeof\s*\(\s*" + type_ + r"\s*(\*+)\s*\)", text)]
        # A sum is a header, and what is behind it.
        if len(found + pointers) == 1 and not re.search(r"sizeof\s*\(?\s*\*|\+\s*sizeof|sizeof\s*\([^()]*\)\s*\+", text):
            return set(found + pointers), True
        return None

    def agrees(self, type_, told, is_size):
        """A sizeof says how large one is: it is often that of another pointer, or of a number of another sign."""
        type_, told = self.plain(type_), self.plain(told)
        if type_ == told or not is_size:
            return type_ == told
        pointers = all(t.endswith("*") or self.same.get(t, "").endswith("*") for t in (type_, told))
        return pointers or type_.replace("unsigned", "") == told.replace("unsigned", "")


def main():
    total = collections.Counter()
    print(f"{'package':12} {'way':12} {'sites':>6} {'typed':>7} {'told by the source':>19} {'right':>7} {'the same':>9}")
    for package, (functions, _, _) in PACKAGES.items():
        for compiler, level in WAYS:
            folder, made = built(package, compiler, level)
            done = run([SITES, made.resolve(), *functions.split()], cwd=folder)
            assert done.status == 0, done
            expected, tally, wrong = Expected(folder), collections.Counter(), []
            for line in done.out.decode().splitlines():
                match = re.match(r"(\S+) (\S+):(\d+) (.*) (\S+)$", line)
                _, path, number, type_, why = match.groups()
                path = os.path.normpath(os.path.join(folder, path))
                if not path.startswith(str(folder)) or os.path.basename(path) in ("zmalloc.c", "alloc.c", "xmlmemory.c"):
                    continue
                told = expected.of(path, int(number))
                tally["sites"] += 1
                tally["typed"] += type_ != "?"
                if not told or type_ == "?":
                    if told:
                        wrong.append(f"  none: {line[:150]}; the source: {told}")
                    continue
                tally["told"] += 1
                types, is_size = told
                right = any(expected.agrees(type_, t, is_size) for t in types)
                tally["right"] += right
                tally["same"] += any(expected.agrees(type_, t, False) for t in types)
                if not right:
                    wrong.append(f"  {os.path.relpath(path, folder)}:{number}: {type_} ({why}); the source: {told}")
            print(f"{package:12} {compiler + level:12} {tally['sites']:6} {tally['typed'] / max(1, tally['sites']):7.1%} "
                  f"{tally['told']:19} {tally['right'] / max(1, tally['told']):7.1%} {tally['same'] / max(1, tally['told']):9.1%}")
            for text in sorted(set(wrong)):
                print(text)
            total.update(tally)
    print(f"{'all':25} {total['sites']:6} {total['typed'] / total['sites']:7.1%} {total['told']:19} "
          f"{total['right'] / total['told']:7.1%} {total['same'] / total['told']:9.1%}")
    assert total["typed"] >= .92 * total["sites"], "too few types"
    assert total["right"] >= .97 * total["told"], "too many wrong types"


FOLDER.mkdir(parents=True, exist_ok=True)
with open(FOLDER / ".lock", "w") as guard:
    fcntl.flock(guard, fcntl.LOCK_EX)
    main()
