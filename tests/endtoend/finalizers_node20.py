"""Who waits for a finalizer at the end is told apart in node 20, and nobody sees that registries are watched."""
from finalizers import test, unseen

test(20)
unseen(20)
