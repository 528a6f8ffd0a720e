"""The devices of students, and the changes that wait on them."""
