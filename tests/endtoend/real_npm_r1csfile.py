"""r1csfile's own tests: files, wasm and worker threads in a second, so with each node that probe is made for."""
import harness
from realnpm import check

harness.need("strace")
for major in (20, 22, 24):
    check("r1csfile", passing=3, major=major)
