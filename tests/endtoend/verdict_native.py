"""The verdict is right on both programs of each pair in C, with marks and without, and names the line to blame."""
from verdicts import native

native()
