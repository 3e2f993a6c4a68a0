"""Every function of a program that knows the truth has its name in node 24, in whatever tier, wherever it moves to."""
from names import short

short(24)
