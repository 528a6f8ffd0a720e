"""The devices of students, and what waits on them."""
