"""SIGKILL at random instants: every finished call of every thread and site is in the report, at most one besides."""
from harness import LONG
from killing import kill_many

kill_many(200 if LONG else 20)
