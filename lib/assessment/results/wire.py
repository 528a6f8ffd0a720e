"""Bodies with the results of a student, or of the tests on a pool."""

from typing import Any
from uuid import UUID

from lib.web.wire import Body, SuccessOut, UtcTime


class ProficiencyOut(Body):
    """Proficiency and confidence, one number for each concept."""

    student_id: str
    """Id of the student."""
    concept_names: list[str]
    """Names of the concepts, in the order of the lists below."""
    proficiency: list[float]
    """Proficiency in each concept, a percentile from 0 to 1."""
    confidence: list[float]
    """1 minus the posterior variance of each concept: 0 means unknown, 1 certain."""
    last_updated: UtcTime | None
    """Time of the last change; null without a recorded test."""
    proven: list[bool]
    """For each concept, whether its value comes from a proven test: one that was started with a
    ticket or by an operator, or while OPEN_TESTS_COUNT was 1. Other values are never a prior."""


class UndisclosedTest(Body):
    """A test of a student whose result is not disclosed; null where nothing was recorded."""

    session_id: UUID
    """Id of the test."""
    question_pool_id: UUID | None
    """Id of the pool."""
    status: str
    """State of the test: `active`, `completed`, `terminated` or `expired`."""
    end_reason: str | None
    """Reason why the test ended, such as `precision` or `expired`; null while it is open."""
    concept_names: list[str] | None
    """Names of the concepts, in the order of the proficiencies."""
    total_questions: int
    """Number of answers."""
    started_at: UtcTime | None
    """Time of the start."""
    completed_at: UtcTime | None
    """Time of the end; null while the test is open."""
    last_activity: UtcTime | None
    """Time of the start, of the last resumption or of the last answer."""
    proven: bool
    """Whether the test was started with a ticket or by an operator, or while OPEN_TESTS_COUNT was
    1; the result of a test that is not proven is never a prior."""


class RecordedTest(UndisclosedTest):
    """One test of a student as recorded; null where nothing was recorded."""

    initial_proficiency: Any
    """Proficiency in each concept before the first answer, a percentile from 0 to 1."""
    final_proficiency: Any
    """Proficiency in each concept after the last answer; null while the test is open."""
    correct_responses: int
    """Number of correct answers."""
    accuracy: float | None
    """Share of the answers that were correct, 0 to 1."""
    learning_gain: float | None
    """Mean change of the proficiencies: the change of the estimate, not of the student."""
    test_efficiency: float | None
    """Share of the initial variance that was removed, per question."""


class HistoryOut(Body):
    """A page of a student's tests, newest first."""

    student_id: str
    """Id of the student."""
    test_sessions: list[RecordedTest | UndisclosedTest]
    """The tests of this page, newest first; without results that are not disclosed."""
    next_cursor: str | None
    """Cursor of the next page; null on the last one."""


class TimelinePoint(Body):
    """One closed test."""

    session_id: UUID
    """Id of the test."""
    date: UtcTime | None
    """Time of the test's end; of its last activity if no end was recorded."""
    accuracy: float | None
    """Share of the answers that were correct, 0 to 1."""
    learning_gain: float | None
    """Mean change of the proficiencies: the change of the estimate, not of the student."""
    total_questions: int
    """Number of answers."""
    questions_answered: int
    """`total_questions`, as the earlier service named it."""
    proficiency: list[float]
    """Final proficiency in each concept, a percentile from 0 to 1."""
    proficiency_by_concept: dict[str, float]
    """Proficiency by name of the concept."""
    proven: bool
    """Whether the test was started with a ticket or by an operator, or while OPEN_TESTS_COUNT was
    1."""


class ConceptPoint(Body):
    """Proficiency in one concept at the end of a test."""

    date: UtcTime | None
    """Time of the test's end; of its last activity if no end was recorded."""
    value: float
    """A percentile from 0 to 1."""


class ConceptProgress(Body):
    """Proficiency in one concept over the closed tests."""

    first: float
    """Final proficiency of the first test in `timeline`, a percentile from 0 to 1."""
    latest: float
    """Final proficiency of the last test in `timeline`, a percentile from 0 to 1."""
    change: float
    """`latest` minus `first`, -1 to 1."""
    history: list[float]
    """Final proficiency of each test, oldest first."""
    timeline: list[ConceptPoint]
    """The values of `history`, each with the date of its test."""
    improvement: float
    """`change`, as the earlier service named it."""
    current_level: float
    """`latest`, as the earlier service named it."""


class ProgressData(Body):
    """Results of a student's tests, oldest first."""

    progress_timeline: list[TimelinePoint]
    """The last 200 closed tests with answers that were not reset, oldest first."""
    concept_progress: dict[str, ConceptProgress]
    """Progress by name of the concept."""
    total_sessions: int
    """Number of all closed tests with answers that were not reset."""
    avg_accuracy: float
    """Mean share of correct answers in these tests, 0 to 1; 0 if there are none."""


class TestProgressOut(Body):
    """A student's progress from test to test."""

    student_id: str
    """Id of the student."""
    progress_data: ProgressData
    """Results from test to test."""


class PoolResultOut(Body):
    """One test on a pool as recorded; null where nothing was recorded."""

    session_id: UUID | None
    """Id of the test; null while the test is open, since the id is then a credential."""
    student_id: str
    """Id of the student."""
    pool_version: int | None
    """Version of the pool that the test used."""
    status: str
    """State of the test: `active`, `completed`, `terminated` or `expired`."""
    end_reason: str | None
    """Reason why the test ended, such as `precision` or `expired`; null while it is open."""
    total_questions: int
    """Number of answers."""
    correct_responses: int
    """Number of correct answers."""
    accuracy: float | None
    """Share of the answers that were correct, 0 to 1."""
    proficiency: list[float | None]
    """Final proficiency in each concept of the pool, a percentile from 0 to 1; null while the test
    is open, or if it used other names for its concepts."""
    started_at: UtcTime | None
    """Time of the start."""
    completed_at: UtcTime | None
    """Time of the end; null while the test is open."""
    last_activity: UtcTime | None
    """Time of the start, of the last resumption or of the last answer."""
    proven: bool
    """Whether the test was started with a ticket or by an operator, or while OPEN_TESTS_COUNT was
    1."""
    admitted: bool
    """Whether calibration may use the answers: the test was started with a ticket or by an
    operator, or the rule `trains` of its pool was true."""


class PoolResultsOut(SuccessOut):
    """A page of the tests on a pool, newest first."""

    question_pool_id: UUID
    """Id of the pool."""
    concept_names: list[str]
    """Names of the pool's concepts, in the order of the proficiencies."""
    results: list[PoolResultOut]
    """The tests of this page."""
    next_cursor: str | None
    """Cursor of the next page; null on the last one."""
