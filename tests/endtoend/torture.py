"""A recording of a program whose functions have names that a format may choke on: a chain of calls through all of them, of
which the innermost allocates. The symbols are compiled with plain names of the same length, and patched."""
import pathlib
import re

from harness import TMP, record, run

LONG = "geometry::Nested<" + "std::pair<int, Vector<double, 3>>, " * 1872 + "void>::grow(unsigned long)"
assert len(LONG) > 1 << 16
# Outermost first.
NAMES = [
    b"main_of_torture",
    b"semi;colon \"quoted\" \\ back`tick' <script>alert(1)</script>&amp;]]>%s${x}",
    b"new\nline\ttab\rreturn\x01bell\x07\x1b[31mred\x7f",
    b"invalid \xff\xfe\xc0\xaf utf8 \xed\xa0\x80",
    "取得 🦀 é\u2028\u202eright".encode(),
    b"ends with a number 123",
    b"comma,comma,\"\"",
    LONG.encode(),
    b"--> end */ // <![CDATA[ ',);DROP TABLE sites;",
]
# What lies outside of the chain comes first in exports, and is short: the Firefox Profiler tells a format by its first lines.
PLAIN = {"plain_one": 300000, "plain_two": 200000}
KEPT = [(3, 1000), (1, 70000)]  # blocks and bytes of each
FREED = [(5, 10), (2, 640)]
CHAIN = sum(n * size for n, size in KEPT)
LIVE_BYTES = CHAIN + sum(PLAIN.values())
LIVE_BLOCKS = sum(n for n, size in KEPT) + len(PLAIN)
BYTES = LIVE_BYTES + sum(n * size for n, size in FREED)
ALLOCS = LIVE_BLOCKS + sum(n for n, size in FREED)
FILE = 'we"ird;<b>&, file.c'


def readable(name):
    """As UTF-8, bytes that are none replaced one by one."""
    return re.sub("[\udc80-\udcff]", "\ufffd", name.decode(errors="surrogateescape"))


TEXTS = [readable(name) for name in NAMES]


def program(folder):
    places = [f"t{i}_{'x' * (len(name) - len(f't{i}_'))}" for i, name in enumerate(NAMES)]
    source = ["#include <stdlib.h>", "void *volatile kept[64];", f'#line 100 "{FILE.replace(chr(34), chr(92) + chr(34))}"']
    source += [f"void {place}(void);" for place in places]
    source += [f"void {place}(void) {{ {places[i + 1]}(); __asm__(\"\"); }}" for i, place in enumerate(places[:-1])]
    source += [f"void {places[-1]}(void) {{ int n = 0;"]
    source += [f"for (int i = 0; i < {n}; i++) kept[n++] = malloc({size});" for n, size in KEPT]
    source += [f"for (int i = 0; i < {n}; i++) free(malloc({size}));" for n, size in FREED]
    source += ["}"] + [f"void {name}(void) {{ kept[{63 - i}] = malloc({size}); }}" for i, (name, size) in
                       enumerate(PLAIN.items())]
    source += [f"int main(void) {{ {places[0]}(); plain_one(); plain_two(); return 0; }}"]
    folder.mkdir()
    (folder / "torture.c").write_text("\n".join(source))
    made = run(["gcc", "-g", "-O0", "-fno-builtin", "-no-pie", "-Wno-misleading-indentation", "-o", folder / "torture",
                folder / "torture.c"])
    assert made.status == 0, made
    binary = (folder / "torture").read_bytes()
    for place, name in zip(places, NAMES):
        assert place.encode() in binary and len(place) == len(name), place[:20]
        binary = binary.replace(place.encode(), name)
    (folder / "torture").write_bytes(binary)
    return folder / "torture"


def torture(name="torture"):
    """The recording."""
    done = record([program(TMP / f"{name}.program")], TMP / name)
    assert done.status == 0, done
    return pathlib.Path(TMP / name)
