"""A program that puts its own process.emit in place, and so hides that 'exit' was emitted: leaks are taken when node takes
its environment down, after a collection and before what JavaScript held is freed. In node 20, 22 and 24."""
from harness import SOURCE, TMP, lost_nothing, node_environment, record, report, run, same

PROGRAM = SOURCE / "tests" / "fixtures" / "javascript" / "emit.js"

for major in 20, 22, 24:
    env, out = node_environment(major), TMP / str(major)
    done = record(["node", PROGRAM], out, env)
    same(run(["node", PROGRAM], env), done)
    size, blocks = map(int, done.out.split())
    data = report(out)
    lost_nothing(data)
    found = sum(site["blocks"] for site in data["leaks"]["by_site"]
                if site["domain"] == "heap" and site["bytes"] == size * site["blocks"])
    print(f"node {major}: {found} of {blocks}")
    assert found == blocks, found
