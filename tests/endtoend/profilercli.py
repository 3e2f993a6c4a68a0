"""The Firefox Profiler's command line, which reads its formats as the Firefox Profiler does. It works by a daemon."""
import json
import os
import time

from harness import TMP, npm_modules, run


class Profiler:
    """With a profile loaded: `with Profiler(file) as ask: ask("thread", "samples")`."""

    def __init__(self, path):
        self.env = {"HOME": TMP, "PROFILER_CLI_SESSION_DIR": TMP / f"cli{os.getpid()}", "NO_COLOR": "1"}
        self.path = path
        self.node = npm_modules() / "node24" / "bin" / "node"
        self.tool = npm_modules(name="npm_exports") / "@firefox-devtools" / "profiler-cli" / "dist" / "profiler-cli.js"

    def __enter__(self):
        done = self.call("load", self.path, "--session", "s")
        # It waits half a second for its daemon, which a busy machine may need longer to start.
        end = time.monotonic() + 120
        while done.status and b"most likely still starting" in done.out + done.err and time.monotonic() < end:
            time.sleep(0.5)
            done = self.call("status", "--session", "s")
        assert done.status == 0, done
        return self

    def call(self, *words):
        return run([self.node, self.tool, *words], self.env)

    def __call__(self, *words):
        done = self.call(*words, "--session", "s", "--json")
        assert done.status == 0, done
        return json.loads(done.out)

    def __exit__(self, *_):
        self.call("stop", "s")
