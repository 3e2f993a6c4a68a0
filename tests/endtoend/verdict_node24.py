"""The verdict is right on both programs of each pair in node 24, with marks and without, and names the line to blame."""
from verdicts import node

node(24)
