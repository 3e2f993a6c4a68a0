"""CPU samples of real programs: a proof of o1js (its wasm threads), and npm test of a small express application. C++, JavaScript
and wasm are on one stack, and both are drawn as the README shows them (pictures/): TMP/*.png, to be looked at."""
import json
import os
import shutil

from harness import SOURCE, TMP, lost_nothing, need, npm_modules, probe, record, report, run, show
from o1js import FOLDER, install

need("chromium", "npm")
RATE = {"PROBE_CPU": "199"}


def draw(out, name, height):
    svg, picture = TMP / f"{name}.svg", TMP / f"{name}.png"
    done = probe("export", out, "--format", "svg", "--by", "cpu", "-o", svg)
    assert done.status == 0, done
    done = run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={TMP / 'chromium'}",
                f"--window-size=1300,{height}", "--virtual-time-budget=20000", f"--screenshot={picture}", svg.as_uri()],
               {"HOME": TMP, "XDG_CONFIG_HOME": TMP / "config", "XDG_CACHE_HOME": TMP / "cache"})
    assert picture.exists() and picture.stat().st_size > 20000, show(done.err)
    print(picture)


def sampled(out, name):
    """The samples of a recording; how much is seen of whole stacks, and what the samples took."""
    lost_nothing(report(out))
    done = probe("hot", out, "--by", "cpu", "--json")
    assert done.status == 0, done
    told = json.loads(done.out)
    total = told["totals"]["cpu_ns"]
    whole = sum(site["value"] for site in told["sites"] if site["stack_end"] in ("complete", "cut"))
    listed = sum(site["value"] for site in told["sites"])
    cost = told["sampling"]["handlers_ns"] / total
    print(f"{name}: {told['totals']['samples']:,} samples, {total / 1e9:.1f} s; {100 * whole / listed:.2f} % whole or cut at 128 frames, "
          f"the handlers took {100 * cost:.2f} %")
    assert whole > 0.99 * listed and cost < 0.02
    return told


def kinds(site):
    return {frame["kind"] for frame in site["stack"]}


def proof():
    install()
    script = SOURCE / "tests" / "fixtures" / "wasm" / "o1js" / "prove.mjs"
    done = record([npm_modules() / "node22" / "bin" / "node", script, TMP / "books", "1"], TMP / "o1js",
                  {"NODE_OPTIONS": None, "XDG_CACHE_HOME": FOLDER / "cache", **RATE}, cwd=FOLDER, timeout=3600)
    assert done.status == 0, show(done.err)
    told = sampled(TMP / "o1js", "o1js, one proof")
    all_three = sum(site["value"] for site in told["sites"] if {"js", "wasm", "native"} <= kinds(site))
    print(f"  {100 * all_three / told['totals']['cpu_ns']:.0f} % of it on stacks of C++, JavaScript and wasm")
    assert all_three > 0.5 * sum(site["value"] for site in told["sites"])
    draw(TMP / "o1js", "o1js", 1200)


def npm_test():
    place = TMP / "express"
    shutil.copytree(SOURCE / "tests" / "bench" / "express", place)
    os.symlink(npm_modules(), place / "node_modules")
    done = record(["npm", "test"], TMP / "npm-test", {**RATE, "npm_config_update_notifier": "false"}, cwd=place)
    assert done.status == 0, show(done.err)
    told = sampled(TMP / "npm-test", "npm test")
    assert len(told["processes"]) >= 2
    draw(TMP / "npm-test", "npm-test", 900)


npm_test()
proof()
