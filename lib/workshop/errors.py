"""Errors of the workshop, and the database constraints that raise them.

Importing this module registers the constraint names that `sql/workshop/` raises.
"""

from lib.database.statements import register_constraint, register_reason
from lib.errors import AppError, BadRequest, Conflict, InvalidInput, NotFound


class SessionOfAnotherStudent(Conflict):
    """This session belongs to a student with another e-mail; begin a session of your own."""

    code = "session_of_another_student"
    fields = ("studentEmail",)


class TokenReplaced(Conflict):
    """This session has a new token; open the link that you were given."""

    code = "token_replaced"
    fields = ("sessionToken",)


class TokenTooShort(InvalidInput):
    """sessionToken: A new session needs a token of at least {minimum} characters."""

    code = "token_too_short"
    fields = ("sessionToken",)


class EmailOfAnotherStudent(Conflict):
    """Nothing was changed: another student has this e-mail; admin-merge-students merges the two."""

    code = "email_of_another_student"
    fields = ("newEmail",)


class MergeRefused(Conflict):
    """Nothing was merged: {reason}."""

    code = "merge_refused"
    fields = ("keepStudentId", "keepStudentEmail")


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


class UnreadableRoster(InvalidInput):
    """csv: {reason} Nothing was imported."""

    code = "unreadable_roster"
    fields = ("csv",)


class TooManyExercises(InvalidInput):
    """exerciseId: This session already has 200 exercises, which is the maximum."""

    code = "too_many_exercises"
    fields = ("exerciseId",)


class NothingToSave(BadRequest):
    """Nothing was saved: {reason}."""

    code = "nothing_to_save"
    fields = ("body",)


class TooManyEvents(AppError):
    """Nothing was stored: this student has 1,000 events in the last hour, which is the maximum."""

    status = 429
    code = "too_many_events"


class TooManySessions(AppError):
    """studentEmail: This e-mail has 20 new sessions in the last hour, which is the maximum."""

    status = 429
    code = "too_many_sessions"
    fields = ("studentEmail",)


class CourseNotFound(NotFound):
    """There is no course with this courseId."""

    code = "course_not_found"
    fields = ("courseId",)


class SessionOfAnotherCourse(Conflict):
    """This session has progress in another course; begin a new session for this course."""

    code = "session_of_another_course"
    fields = ("courseId",)


COURSE_ERRORS = (CourseNotFound, SessionOfAnotherCourse)
"""Errors of every call that may choose the course of a session."""


class NoSuchStep(InvalidInput):
    """stepNumber: The course has no such step."""

    code = "no_such_step"
    fields = ("stepNumber",)


class NoSuchCurrentStep(InvalidInput):
    """currentStep: The course has no such step."""

    code = "no_such_current_step"
    fields = ("currentStep",)


class CourseIsBuiltIn(Conflict):
    """This course is part of the product and cannot be changed; save one under another courseId."""

    code = "course_is_built_in"
    fields = ("courseId",)


class StepsHaveReports(Conflict):
    """Nothing was changed: these steps would be removed or moved, but have reports: {steps}."""

    code = "steps_have_reports"
    fields = ("steps",)


for _constraint, _error in (
    ("session_of_one_student", SessionOfAnotherStudent),
    ("session_token_replaced", TokenReplaced),
    ("students_email_of_another", EmailOfAnotherStudent),
    ("sessions_newest_version", StaleConfiguration),
    ("idempotency_keys_same_body", IdempotencyKeyReused),
    ("sessions_exercises_limit", TooManyExercises),
    ("sessions_course_id_fkey", CourseNotFound),
    ("session_of_one_course", SessionOfAnotherCourse),
    ("step_progress_step_number_check", NoSuchStep),
    ("sessions_current_step_check", NoSuchCurrentStep),
):
    register_constraint(_constraint, _error)
register_constraint(
    "sessions_something_to_save", lambda: NothingToSave(reason="the course has none of these flags")
)
register_reason("older_table_refuses", lambda reason: OlderTableRefuses(reason=reason))
register_reason("students_merge_refused", lambda reason: MergeRefused(reason=reason))
register_reason(
    "students_new_sessions_limit", lambda seconds: TooManySessions(retry_after=int(seconds))
)


CLAIM_ERRORS = (SessionOfAnotherStudent, TooManySessions)
"""Errors of every call whose e-mail may claim an anonymous session."""
CHANGE_ERRORS = (*CLAIM_ERRORS, IdempotencyKeyReused, TokenReplaced)
"""Errors of every call that writes into a session."""
SESSION_ERRORS = (*CHANGE_ERRORS, TokenTooShort)
"""Errors of every call that writes into a session and may begin it."""
REPORT_ERRORS = (*COURSE_ERRORS, *SESSION_ERRORS)
"""Errors of every call that writes into a session and may begin it in a course of its choice."""
