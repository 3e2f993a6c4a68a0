"""Modules with changed bytes: none that V8 takes is one that it rejects when it was rewritten."""
import json

from harness import LONG, SOURCE
from rewritten import MAJORS, SCRIPTS, node

seeds = sorted((SOURCE / "tests" / "fuzz" / "rewrite").iterdir())
for major in MAJORS:
    for seed in range(200 if LONG else 1):
        done = json.loads(node(major, SCRIPTS / "mutated.js", 400, seed + 1, *seeds))
        print(major, seed, done)
        assert done["valid"] > 100 and done["rewritten"] > 400, done
