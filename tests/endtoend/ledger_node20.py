"""The ledger of node 20 adds up, and agrees with what the script is told of itself."""
from ledgerscript import check

check(20)
