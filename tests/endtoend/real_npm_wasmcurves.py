"""wasmcurves' own tests. Its pretest makes the tree deep: npm, sh, npm, sh, eslint, and then npm, sh, mocha."""
from realnpm import check

check("wasmcurves", passing=114)
