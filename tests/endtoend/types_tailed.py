"""A struct that ends in an array of any length is one, not an array of several, whatever its size is."""
from harness import SOURCE, TMP, need, record, report, run

need("gcc")
for level in ("-O0", "-O2"):
    program = TMP / f"tailed{level}"
    done = run(["gcc", "-g", level, SOURCE / "tests" / "fixtures" / "tailed.c", "-o", program])
    assert done.status == 0, done
    out = TMP / f"tailed-recorded{level}"
    done = record([program], out)
    assert done.status == 0, done
    sites = [(site["bytes"], site["type"]) for site in report(out)["leaks"]["by_site"]]
    assert sites == [(72, "message")], (level, sites)
