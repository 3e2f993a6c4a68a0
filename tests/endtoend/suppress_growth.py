"""A leak that somebody has suppressed is no verdict: neither its line's, nor its script's, of which it is a part."""
import json

from harness import SOURCE, TMP, npm_modules, probe, record, report

OUT, KNOWN = TMP / "hunt", TMP / "known.supp"
node = npm_modules() / "node20" / "bin" / "node"
done = record([node, SOURCE / "tests" / "fixtures" / "javascript" / "hunt.js"], OUT, {"NODE_OPTIONS": None})
assert done.status == 0, done
assert report(OUT)["processes"][0]["verdict"]["verdict"] == "leak"

generated = probe("leaks", OUT, "--gen-suppressions").out
for text in (b"leak:hunt.js\n", generated):
    KNOWN.write_bytes(text)
    done = probe("leaks", OUT, "--suppressions", KNOWN)
    assert done.out.startswith(b"No leak was seen: nothing else grows, over 20 marks."), done
    verdict = json.loads(probe("report", OUT, "--json", "--suppressions", KNOWN).out)["processes"][0]["verdict"]
    assert verdict["verdict"] == "none", verdict
