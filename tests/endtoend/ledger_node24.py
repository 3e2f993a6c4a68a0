"""The ledger of node 24 adds up, and agrees with what the script is told of itself."""
from ledgerscript import check

check(24)
