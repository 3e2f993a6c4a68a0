"""Every function of a program that knows the truth has its name in node 20, in whatever tier, wherever it moves to."""
from names import short

short(20)
