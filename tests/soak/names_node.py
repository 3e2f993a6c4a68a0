"""Names under all that V8 has to make life hard: truth.js under each set of flags, in each node. No crash and
no wrong name.

TEST_SECONDS: how long each run takes (5). What a node does not know is left out.
"""
import os
import random
import re
import shutil

from harness import TMP, run as bare
from names import Score, enough, node, nothing_wrong, run

SETS = """

--stress-compaction
--stress-compaction-random
--expose-gc --compact-on-every-full-gc
--expose-gc --stress-compaction-random
--expose-gc --stress-flush-code
--expose-gc --bytecode-old-age=1
--gc-interval=200
--random-gc-interval=500
--max-semi-space-size=1
--stress-scavenge=50 --stress-marking=50
--stress-incremental-marking
--single-threaded-gc
--compact-code-space-with-stack --expose-gc
--always-sparkplug
--always-sparkplug --stress-compaction
--always-sparkplug --no-baseline-batch-compilation
--concurrent-sparkplug
--always-turbofan
--always-osr
--maglev --stress-maglev
--jit-fuzzing
--interrupt-budget=1000
--deopt-every-n-times=50
--deopt-to-baseline --interrupt-budget=1000
--stress-inline
--stress-concurrent-inlining
--stress-concurrent-inlining-attach-code
--stress-background-compile
--stress-ic
--stress-flush-code --flush-bytecode
--stress-lazy-source-positions
--no-enable-lazy-source-positions
--no-lazy
--no-opt --no-sparkplug
--interpreted-frames-native-stack
--no-short-builtin-calls
--stress-wasm-code-gc
--no-liftoff
--no-wasm-tier-up
"""


def known(flags, options):
    return all(re.sub("=.*", "", flag)[2:] in options or re.sub("=.*", "", flag)[5:] in options for flag in flags)


seconds = float(os.environ.get("TEST_SECONDS", 5))
seed = random.SystemRandom().randrange(1000000)
print(f"seed {seed}")
for major in (20, 22, 24):
    listed = bare([node(major), "--v8-options"]).out.decode()
    options = set(re.findall(r"^\s+--([a-z0-9-]+) ", listed, re.MULTILINE))
    total = Score()
    for number, flags in enumerate(line.split() for line in SETS.split("\n")[1:-1]):
        if not known(flags, options):
            continue
        folder = TMP / f"{major}-{number}"
        score = run(node(major), folder, seconds, seed + number, flags)
        print(f"node {major} {' '.join(flags) or 'no flags'}: {score}", flush=True)
        nothing_wrong(score, f"node {major} {flags}, seed {seed + number}, {folder}")
        total.add(score)
        shutil.rmtree(folder)
    print(f"node {major}: {total}")
    enough(total, f"node {major}")
