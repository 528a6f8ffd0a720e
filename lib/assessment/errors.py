"""Errors of the assessment context."""

from lib.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound


class PoolNotFound(NotFound):
    """There is no such question pool."""

    code = "pool_not_found"


class QuestionNotFound(NotFound):
    """There is no such question."""

    code = "question_not_found"


class SessionClosed(Conflict):
    """This test is {status} and accepts no more answers; start a new one."""

    code = "session_closed"


class SessionExpired(Conflict):
    """This test was idle for more than {minutes} minutes and has expired; start a new one."""

    code = "session_expired"


class OtherAnswerRecorded(Conflict):
    """Question {question_id} was already answered with option {response} (answer {answer_id})."""

    code = "other_answer_stored"
    fields = ("response",)


class UnexpectedQuestion(Conflict):
    """This test is not waiting for question {question_id}: answer question {expected}."""

    code = "not_the_question_asked"
    fields = ("question_id",)


class SessionOfOtherStudent(Forbidden):
    """This session belongs to another student."""

    code = "other_student"
    fields = ("student_id",)


class NoSuchOption(InvalidInput):
    """response: question {question_id} has options 0 to {last}."""

    code = "no_such_option"
    fields = ("response",)


class TicketRequired(Forbidden):
    """This test needs a ticket; ask the organiser of the test for one."""

    code = "ticket_required"
    fields = ("ticket",)


class TicketInvalid(Forbidden):
    """ticket: This is not a ticket of this service; copy the whole link."""

    code = "ticket_invalid"
    fields = ("ticket",)


class TicketExpired(Forbidden):
    """This ticket was valid until {expires_at}; ask the organiser of the test for a new one."""

    code = "ticket_expired"
    fields = ("ticket",)


class TicketUsedUp(Forbidden):
    """This ticket is used up (tests: {uses}); ask the organiser of the test for another."""

    code = "ticket_used_up"
    fields = ("ticket",)


class TicketContradicted(Conflict):
    """{field}: it contradicts the ticket; leave this field out."""

    code = "ticket_contradicted"
    fields = ("{field}",)


class ExpiryRefused(InvalidInput):
    """expires_at: must be later than now, and at most 366 days later."""

    code = "expiry_refused"
    fields = ("expires_at",)


class StartKeyReused(InvalidInput):
    """This Idempotency-Key was sent with another body before; use a new key for a new test."""

    code = "start_key_reused"
    fields = ("Idempotency-Key",)


class StartsUsedUp(AppError):
    """This student has started as many tests of this pool as its rules allow in a day."""

    status = 429
    code = "starts_used_up"


class OtherConceptNames(InvalidInput):
    """concept_names: this pool tests {expected}, in this order; send these names or none."""

    code = "other_concept_names"
    fields = ("concept_names",)


class CriterionRefused(InvalidInput):
    """{field}: this pool allows {expected}."""

    code = "criterion_refused"
    fields = ("{field}",)


class RuleConflict(InvalidInput):
    """{field}: {problem}."""

    code = "rule_conflict"
    fields = ("{field}",)


class SessionConceptMismatch(InvalidInput):
    """concept_names: this pool's number of concepts is {expected}, not {actual}; name each."""

    code = "wrong_concept_count"
    fields = ("concept_names",)


class PoolConceptMismatch(InvalidInput):
    """questions[0].concepts: this pool's number of concepts is {expected}, not {actual}."""

    code = "pool_concept_mismatch"
    fields = ("questions[0].concepts",)


class NoGradableQuestion(Conflict):
    """No question of this pool can be asked: each is retired or lacks its correct answer."""

    code = "nothing_to_ask"


class QuestionInOtherPool(Conflict):
    """questions[{place}].id: question {question_id} is already in another pool ({pool_id})."""

    code = "question_elsewhere"
    fields = ("questions[{place}].id",)


class EditConceptMismatch(InvalidInput):
    """concepts: this pool's number of concepts is {expected}, not {actual}."""

    code = "pool_concept_mismatch_edit"
    fields = ("concepts",)


class OtherQuestionId(InvalidInput):
    """id: the path names question {question_id}; its id never changes."""

    code = "other_question_id"
    fields = ("id",)


class QuestionChanged(Conflict):
    """version: question {question_id} has changed since version {version}; read it again."""

    code = "question_changed"
    fields = ("version",)


class PoolVersionNotFound(NotFound):
    """version: this pool has no such version."""

    code = "pool_version_not_found"
    fields = ("version",)


class NothingToAccept(Conflict):
    """This pool has no such proposal to accept; see `last_attempt` in /api/debug/pool/<id>."""

    code = "nothing_to_accept"
    fields = ("accept",)


class ProposalOutdated(Conflict):
    """This pool has changed since the estimates were made; calibrate it again."""

    code = "proposal_outdated"
    fields = ("accept",)


class StepNotReached(InvalidInput):
    """step: this test has steps 0 to {last}."""

    code = "step_not_reached"
    fields = ("step",)


class CacheUnavailable(AppError):
    """Redis is unavailable; tests go on without it. Try again later."""

    status = 503
    code = "cache_unavailable"


EDIT = (EditConceptMismatch, OtherQuestionId, QuestionChanged, QuestionNotFound)
"""Errors of an edit of one question."""

START = (
    CriterionRefused,
    NoGradableQuestion,
    OtherConceptNames,
    PoolNotFound,
    QuestionNotFound,
    SessionClosed,
    SessionConceptMismatch,
    SessionExpired,
    SessionOfOtherStudent,
    StartKeyReused,
    StartsUsedUp,
    TicketContradicted,
    TicketExpired,
    TicketInvalid,
    TicketRequired,
    TicketUsedUp,
)
"""Errors of a start."""
