"""What goes wrong in the workshop, and which raised constraint means it.

Importing this module registers the names that `sql/workshop/` raises.
"""

from lib.database.statements import register_constraint
from lib.errors import Conflict, InvalidInput, NotFound


class SessionNotFound(NotFound):
    """There is no such session."""

    code = "session_not_found"


class StudentNotFound(NotFound):
    """There is no such student."""

    code = "student_not_found"


class SessionOfAnotherStudent(Conflict):
    """This session belongs to a student with another e-mail; begin a session of your own."""

    code = "session_of_another_student"


class StaleConfiguration(Conflict):
    """The configuration was saved elsewhere in the meantime; load it again."""

    code = "stale_configuration"


class KeyReused(InvalidInput):
    """This Idempotency-Key came with another body; nothing was written."""

    code = "idempotency_key_reused"


class TooManyExercises(InvalidInput):
    """exerciseId: this session has 200 exercises already."""

    code = "too_many_exercises"


class ForeignStudentsTable(Conflict):
    """The table public.students is not the workshop's; run the whole schema first."""

    code = "foreign_students_table"


for _constraint, _error in (
    ("session_of_one_student", SessionOfAnotherStudent),
    ("sessions_newest_version", StaleConfiguration),
    ("idempotency_keys_same_body", KeyReused),
    ("sessions_exercises_limit", TooManyExercises),
    ("students_of_the_workshop", ForeignStudentsTable),
):
    register_constraint(_constraint, _error)
