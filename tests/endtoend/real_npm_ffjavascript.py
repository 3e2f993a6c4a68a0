"""ffjavascript's own tests: finite fields in wasm, spread over worker threads."""
from realnpm import check

check("ffjavascript", passing=59, threads=6)
