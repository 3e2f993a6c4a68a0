"""Stacks in native programs against libunwind's, frame by frame: C, C++ and Rust of our own, with frame pointers and
without, at every kind of stack that there is; and real programs at their work."""
import harness
from harness import LONG, SOURCE, TMP
from unwound import PROGRAMS, compare, hold, table

TIMES = 10 if LONG else 1

OWN = [("work_c_framed", 10, 100000), ("work_c_bare", 10, 100000), ("work_cc_framed", 100, 100000),
       ("work_cc_bare", 100, 100000), ("work_rs_framed", 30, 100000), ("work_rs_bare", 30, 100000)]

SQL = b"""
create table t(id integer primary key, name text, value real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
	insert into t select i, 'name ' || (i * 7919 % 20000), i * 0.5 from n;
create index t_name on t(name);
select name, sum(value) over (order by id rows 3 preceding) from t order by name limit 2000;
create virtual table f using fts5(body);
insert into f select name || ' and ' || value from t where id % 20 = 0;
select json_group_array(name) from (select name from t order by value desc limit 5000);
vacuum;
"""

PYTHON = r"""
import ctypes, json, re, sqlite3, subprocess, threading, zlib
def tree(n):
	return [tree(n - 1), {"n": n}] if n else re.sub("(a+)(b*)", r"\2\1", "aab" * 20)
def work():
	for i in range(20):
		json.loads(json.dumps(tree(9)))
		zlib.decompress(zlib.compress(b"text" * 3000))
		sorted(range(200), key=lambda x: -x)
threads = [threading.Thread(target=work) for i in range(3)]
[t.start() for t in threads]
[t.join() for t in threads]
base = sqlite3.connect(":memory:")
base.create_function("f", 1, lambda x: json.dumps([x]))
base.execute("with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) select max(f(i)) from n")
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
array = (ctypes.c_int * 300)(*(i * 37 % 300 for i in range(300)))
ctypes.CDLL(None).qsort(array, 300, 4, compare(lambda a, b: (json.dumps(a[0]), a[0] - b[0])[1]))
assert list(array) == list(range(300))
subprocess.run(["sh", "-c", "exit 3"])
"""

GIT = """
git init -q . && git config user.email a@b && git config user.name a
for i in 1 2 3 4 5 6; do
	seq $i 3000 >file$((i % 3)); git add . && git commit -q -m "commit $i"
done
git log -p --stat >/dev/null; git gc -q; git fsck; git blame file1 >/dev/null; git grep -c 77
"""

OPENSSL = """
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=a -keyout key -out certificate -days 2
openssl x509 -in certificate -text -noout && openssl verify -CAfile certificate certificate
openssl ecparam -name prime256v1 -genkey -out ec && openssl dgst -sha256 -sign ec -out signature key
openssl pkcs12 -export -inkey key -in certificate -passout pass:x -out bundle
openssl enc -aes-256-cbc -pbkdf2 -pass pass:x -in bundle -out hidden && openssl list -digest-algorithms
"""

CXX = b"""
#include <functional>
#include <iostream>
#include <map>
#include <regex>
int main(int count, char **) {
	std::map<std::string, std::function<int(int)>> map;
	map["a"] = [&](int x) { return x + count; };
	return std::regex_match("aab", std::regex("a+b")) + map["a"](2);
}
"""

REAL = [("sqlite", ["sqlite3", ":memory:"], 1, SQL), ("python", ["/usr/bin/python3", "-c", PYTHON], 1, b""),
        ("git", ["sh", "-c", GIT], 2, b""), ("openssl", ["sh", "-e", "-c", OPENSSL], 4, b""),
        ("g++", ["g++", "-O1", "-g", "-x", "c++", "-c", "-o", TMP / "compiled.o", "-"], 30, CXX),
        ("gcc", ["gcc", "-O2", "-c", "-w", "-D_GNU_SOURCE", "-I", SOURCE / "include", "-I", SOURCE / "preload", "-o",
                 TMP / "compiled.o", SOURCE / "preload/stack/cfi.c"], 2, b""),
        ("rustc", ["/usr/bin/rustc", "--edition", "2021", "-O", "-o", TMP / "compiled",
                   SOURCE / "tests/truth/programs/work.rs"], 60, b"")]

harness.need("sqlite3", "/usr/bin/python3", "git", "openssl", "g++", "gcc", "/usr/bin/rustc")
own, real = [], []
for name, rounds, least in OWN:
    found = compare(name, [PROGRAMS / name, rounds * TIMES], timeout=3600)
    assert [tally.name for tally in found] == [name], found
    own.append((found[0], least * TIMES))
for name, command, every, stdin in REAL:
    work = TMP / f"{name}.work"
    work.mkdir()
    real += compare(name, command, 1 if LONG else every, cwd=work, stdin=stdin, timeout=3600)
table([tally for tally, _ in own] + real)
for tally, least in own:
    hold(tally, least)
for tally in real:
    hold(tally, 1)
