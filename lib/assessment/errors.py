"""Errors of the assessment context."""

from lib.errors import AppError, Conflict, Forbidden, InvalidInput


class SessionClosed(Conflict):
    """This test is {status}: it takes no more answers."""

    code = "session_closed"


class SessionExpired(Conflict):
    """This test was idle for more than {minutes} minutes and has expired; start a new one."""

    code = "session_expired"


class OtherAnswerStored(Conflict):
    """Question {question_id} was answered with option {response} (answer {answer_id})."""

    code = "other_answer_stored"


class NotTheQuestionAsked(Conflict):
    """Question {question_id} is not the one that was asked; answer {expected}."""

    code = "not_the_question_asked"


class OtherStudent(Forbidden):
    """This session belongs to another student."""

    code = "other_student"


class NoSuchOption(InvalidInput):
    """response: question {question_id} has options 0 to {last}."""

    code = "no_such_option"


class WrongConceptCount(InvalidInput):
    """concept_names: this pool tests {expected} concepts, not {given}; name each of them."""

    code = "wrong_concept_count"


class NothingToAsk(Conflict):
    """No question of this pool can be asked."""

    code = "nothing_to_ask"


class QuestionElsewhere(Conflict):
    """questions[{place}].id: question {question_id} is in another pool ({pool_id})."""

    code = "question_elsewhere"


class OtherConceptCount(InvalidInput):
    """questions[0].concepts: this pool has {expected} concepts, not {given}."""

    code = "wrong_concept_count"


class CacheUnavailable(AppError):
    """Redis does not answer; tests go on without it."""

    status = 503
    code = "cache_unavailable"
