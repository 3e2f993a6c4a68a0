"""Leaks are taken at the right instant in node 20."""
from instant import check

check(20)
