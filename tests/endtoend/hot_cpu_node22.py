"""CPU samples of a script in node 22 agree with --cpu-prof's."""
from hotcpu import agrees

agrees(22)
