"""Leaks are taken at the right instant in node 24."""
from instant import check

check(24)
