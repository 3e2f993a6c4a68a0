"""The long form of tests/endtoend/types_corpus.py."""
import sys

from harness import SOURCE

sys.path.insert(0, str(SOURCE / "tests/endtoend"))
import types_corpus

types_corpus.main()
