"""Stacks in node 24 against libunwind's, frame by frame: the root is reached, the frames are the same."""
from unwound import node

node(24, 250000)
