"""Errors of the workshop, and the database constraints that raise them.

Importing this module registers the constraint names that `sql/workshop/` raises.
"""

from lib.database.statements import register_constraint, register_reason
from lib.errors import Conflict, InvalidInput


class SessionOfAnotherStudent(Conflict):
    """This session belongs to a student with another e-mail; begin a session of your own."""

    code = "session_of_another_student"
    fields = ("studentEmail",)


class EmailOfAnotherStudent(Conflict):
    """Nothing was changed: another student has this e-mail, and two students are not merged."""

    code = "email_of_another_student"
    fields = ("newEmail",)


class OlderTableRefuses(Conflict):
    """Nothing was changed: {reason}."""

    code = "older_table_refuses"


class StaleConfiguration(Conflict):
    """The configuration has been saved since you loaded it; load it again."""

    code = "stale_configuration"
    fields = ("version",)


class IdempotencyKeyReused(InvalidInput):
    """This Idempotency-Key was used with another body; nothing was written, send a new key."""

    code = "idempotency_key_reused"
    fields = ("Idempotency-Key",)


class TooManyExercises(InvalidInput):
    """exerciseId: This session already has 200 exercises, which is the maximum."""

    code = "too_many_exercises"
    fields = ("exerciseId",)


for _constraint, _error in (
    ("session_of_one_student", SessionOfAnotherStudent),
    ("students_email_of_another", EmailOfAnotherStudent),
    ("sessions_newest_version", StaleConfiguration),
    ("idempotency_keys_same_body", IdempotencyKeyReused),
    ("sessions_exercises_limit", TooManyExercises),
):
    register_constraint(_constraint, _error)
register_reason("older_table_refuses", lambda reason: OlderTableRefuses(reason=reason))
