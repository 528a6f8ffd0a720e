"""The workshop: progress through a course, configuration, and tools for instructors."""

# Maps violated constraints to the workshop's errors, in every function that imports a part of the
# workshop.
from lib.workshop import errors as errors
