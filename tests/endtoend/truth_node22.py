"""Stacks in node 22 against libunwind's, frame by frame: the root is reached, the frames are the same."""
from unwound import node

node(22, 250000)
