"""Stacks in node 20 against libunwind's, frame by frame: the root is reached, the frames are the same."""
from unwound import node

node(20, 250000)
