"""The workshop: progress of students through nine steps, their configuration, its instructor."""

# Every function of the workshop must know what the constraints mean that its SQL raises, whichever
# of the modules it imports.
from lib.workshop import errors as errors
