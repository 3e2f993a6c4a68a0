"""Leaks are taken at the right instant in node 22."""
from instant import check

check(22)
