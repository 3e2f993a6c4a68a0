"""What node 24 keeps of its start is suppressed, and nothing that a program keeps."""
from suppressing import short

short(24)
