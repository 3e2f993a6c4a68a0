"""`cmake --install` puts each file where README.md and the man pages look for it, and what is installed runs: probe
finds its library. (cmake writes its list of the files beside the build.)"""
from harness import BUILD, SOURCE, TMP, need, probe, report, run
from truth import fixture

need("cmake")
prefix = TMP / "prefix"
done = run(["cmake", "--install", BUILD, "--prefix", prefix])
assert done.status == 0, done
found = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if not path.is_dir()}
wanted = {"bin/probe", "lib/libprobe.so", "lib/libprobe.cjs", "include/probe.h", "include/probe/trace.h",
          "share/man/man1/probe.1", "share/man/man7/libprobe.7", "share/man/man7/probe-types.7"}
assert found == wanted, f"missing {sorted(wanted - found)}, not wanted {sorted(found - wanted)}"
for kept in ("probe.h", "probe/trace.h"):
    assert (prefix / "include" / kept).read_bytes() == (SOURCE / "include" / kept).read_bytes(), kept

version = run([prefix / "bin/probe", "--version"])
assert version.status == 0 and version.out == probe("--version").out, version
assert f'VERSION {version.out.split()[1].decode()} ' in (SOURCE / "CMakeLists.txt").read_text(), version

out = TMP / "installed.probe"
done = run([prefix / "bin/probe", "run", "-o", out, "--", fixture("marks")])
assert done.status == 0, done
libraries = out.glob("*.shared")
assert report(out)["processes"], "nothing was recorded"
assert any(str(prefix / "lib/libprobe.so").encode() in path.read_bytes() for path in libraries), \
    "it was recorded by another libprobe.so"
