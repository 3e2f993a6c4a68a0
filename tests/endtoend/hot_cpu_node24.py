"""CPU samples of a script in node 24 agree with --cpu-prof's."""
from hotcpu import agrees

agrees(24)
