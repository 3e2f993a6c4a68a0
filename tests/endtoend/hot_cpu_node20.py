"""CPU samples of a script in node 20 agree with --cpu-prof's."""
from hotcpu import agrees

agrees(20)
