"""The workshop: progress through a course, configuration, and tools for instructors."""

# Registers the errors of the constraints that the workshop's SQL raises, in every deployed function
# that imports any part of the workshop.
from lib.workshop import errors as errors
