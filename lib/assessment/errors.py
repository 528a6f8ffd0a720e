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


class SessionConceptMismatch(InvalidInput):
    """concept_names: this pool tests {expected} concepts, not {actual}; name each of them."""

    code = "wrong_concept_count"
    fields = ("concept_names",)


class PoolConceptMismatch(InvalidInput):
    """questions[0].concepts: this pool tests {expected} concepts, not {actual}."""

    code = "pool_concept_mismatch"
    fields = ("questions[0].concepts",)


class NoGradableQuestion(Conflict):
    """No question of this pool can be asked: none has its correct answer among its options."""

    code = "nothing_to_ask"


class QuestionInOtherPool(Conflict):
    """questions[{place}].id: question {question_id} is already in another pool ({pool_id})."""

    code = "question_elsewhere"
    fields = ("questions[{place}].id",)


class CacheUnavailable(AppError):
    """Redis is unavailable; tests go on without it. Try again later."""

    status = 503
    code = "cache_unavailable"
