"""What node 20 keeps of its start is suppressed, and nothing that a program keeps."""
from suppressing import short

short(20)
