"""Bodies of the debugging endpoints, for operators and instructors."""

from typing import Any
from uuid import UUID

from lib.web.wire import Body, SuccessOut, UtcTime


class Difference(Body):
    """A field in which Redis and Postgres differ."""

    field: str
    """Name of the field."""
    redis: Any
    """Value in Redis; null if there is none."""
    database: Any
    """Value that follows from Postgres; null if there is none."""


class SnapshotState(Body):
    """The fields of a snapshot."""

    student_id: str
    """Id of the student."""
    current_proficiency: list[float]
    """Proficiency in each concept, a percentile from 0 to 1."""
    next_question_id: str
    """Id of the question that the test waits for."""
    status: str
    """State of the test, such as `active`."""
    questions_answered: int
    """Number of answers."""
    last_activity: UtcTime
    """Time of the start or the last answer; after a synchronisation, of a resumption if later."""
    packed: str
    """The rest of the session in the service's own format."""


class SessionRecord(Body):
    """A session in Postgres; null where an older deployment recorded nothing."""

    student_id: str
    """Id of the student."""
    status: str
    """State of the test: `active`, `completed`, `terminated` or `expired`."""
    end_reason: str | None
    """Reason why the test ended, such as `precision` or `expired`; null while it is open."""
    question_pool_id: UUID | None
    """Id of the pool."""
    pool_version: int | None
    """Version of the pool that the test uses."""
    questions_answered: int
    """Number of answers."""
    correct_responses: int
    """Number of correct answers."""
    initial_proficiency: Any
    """Proficiency in each concept before the first answer, a percentile from 0 to 1."""
    current_proficiency: Any
    """Proficiency in each concept after the last answer."""
    final_proficiency: Any
    """Proficiency in each concept at the end; null while the test is open."""
    next_question_id: str | None
    """Id of the question that the test waits for, or waited for when it was closed; null if an
    answer ended it."""
    started_at: UtcTime | None
    """Time of the start."""
    last_activity: UtcTime | None
    """Time of the start, the last resumption or the last answer, whichever is latest."""
    completed_at: UtcTime | None
    """Time of the end; null while the test is open."""
    is_idle: bool
    """Whether the test is open although its last activity was at least 30 minutes ago; the next
    start, answer, end or clean-up closes it."""


class RedisSnapshot(Body):
    """A session in Redis."""

    available: bool
    """Whether Redis is configured and responds."""
    state: SnapshotState | None
    """Fields of the snapshot; null if there is none or it is unreadable."""
    bytes: int
    """Size of the snapshot; 0 without one."""
    ttl_seconds: int | None
    """Seconds until Redis removes the snapshot; null without one."""


class CandidateOut(Body):
    """A question that the test had not asked before a step, and why it was chosen or not."""

    question_id: str
    """Id of the question."""
    expected_information: float
    """Expected fall of the abilities' summed variances after an answer, on the latent scale."""
    share_of_best: float
    """`expected_information` as a share of the greatest among the eligible questions."""
    eligibility: float
    """Probability that exposure control lets a test at this level ask it, 0 to 1."""
    eligible: bool
    """Whether the test may ask it at this step, by exposure, content balance and earlier tests."""
    chosen: bool
    """Whether it was chosen."""


class ChoiceOut(Body):
    """Explanation of the choice of a question."""

    step: int
    """Number of answers before the choice."""
    question_id: str
    """Id of the question that was chosen."""
    proficiency: list[float]
    """Proficiency in each concept before the choice, a percentile from 0 to 1."""
    level: int
    """Level of ability by which exposure is limited, from 0."""
    probability: float
    """Probability of a correct answer to the chosen question."""
    max_exposure: float
    """Maximum share of the tests at a level that may ask a question; 1: no limit."""
    best_items: int
    """Number of best questions that the next one is drawn from."""
    greatest_loss: float
    """Maximum share of the best question's information that a drawn one may lack."""
    unasked_count: int
    """Number of questions that the test had not asked, without retired and ungradable ones."""
    eligible_count: int
    """Number of unasked questions that the test might ask at this step."""
    candidates: list[CandidateOut]
    """The unasked questions with the greatest expected information, at most 20, and the chosen
    one."""


class SessionDebugOut(Body):
    """A session in Redis and in Postgres, side by side."""

    session_id: UUID
    """Id of the test."""
    redis: RedisSnapshot
    """The snapshot in Redis."""
    database: SessionRecord
    """The record in Postgres."""
    differences: list[Difference]
    """Fields in which Redis and Postgres differ."""
    in_sync: bool
    """Whether Redis and Postgres agree in every field."""
    choice: ChoiceOut | None = None
    """Explanation of the choice of a question; null unless `explain` asks for it."""
    person_fit: float | None
    """Person-fit statistic l_z; below about -2, the answers are unlikely under the model. Null if
    it is undefined, as without answers."""


class SyncOut(Body):
    """Result of synchronising Redis with Postgres."""

    session_id: UUID
    """Id of the test."""
    synced: bool
    """Always true; a Redis that cannot be written to is an error."""
    action: str
    """`written`, or `removed` if the session is closed."""


class RedisStats(Body):
    """Numbers of keys by purpose, memory, and hits and misses of the question cache."""

    active_sessions: int
    """Number of snapshots of open tests."""
    active_locks: int
    """Number of locks of tests whose answer is being graded."""
    cached_questions: int
    """Number of cached questions."""
    memory_used_mb: float | None
    """Memory of the whole Redis server, MiB; null if the service does not report it."""
    total_keys: int
    """Number of keys, including those of other applications."""
    question_cache_hits: int
    """Number of questions that were found in the cache."""
    question_cache_misses: int
    """Number of questions that had to be read from Postgres."""
    question_cache_hit_ratio: float | None
    """Share of hits, 0 to 1; null before the first look-up."""


class RedisStatsOut(Body):
    """Statistics of Redis."""

    redis_stats: RedisStats
    """The statistics."""


class AttemptOut(Body):
    """The last attempt to calibrate a pool."""

    started_at: UtcTime
    """Time of the start."""
    finished_at: UtcTime | None
    """Time of the end; null while the attempt runs, or if its function was stopped."""
    outcome: str | None
    """Outcome as `admin-calibrate` returns it; null until the attempt finishes."""
    reason: str | None
    """Name of the error, if the attempt failed."""
    failures: int
    """Failed attempts since the last success, including this one."""


class CalibrationOut(Body):
    """A version that a calibration wrote."""

    version: int
    """Number of the version."""
    created_at: UtcTime
    """Time at which it was written."""
    answers: int | None
    """Number of answers used."""
    people: int | None
    """Number of respondents; a student counts as a new one after half a year without an answer."""
    questions: int | None
    """Number of questions that got new parameters."""
    rounds: int | None
    """Number of rounds of estimation."""
    settled: bool | None
    """Whether the estimates had converged."""
    drifted: int | None
    """Number of questions flagged for drift, at most 1,000."""


class ParameterOut(Body):
    """One parameter of a flagged question."""

    written: float
    """Value that its author wrote last."""
    before: float
    """Value with which the question was asked."""
    found: float
    """Value estimated from the answers."""
    error: float
    """Standard error of `found`."""
    moved: float | None
    """(found - before) / error, including any shift common to all questions; null if error is 0."""


class ParametersOut(Body):
    """Each parameter of a flagged question."""

    difficulty: ParameterOut
    """Percentile of a student who knows the answer with probability 1/2."""
    discrimination: ParameterOut
    """Slope of the question's curve, in probits."""
    guessing: ParameterOut
    """Probability of a correct guess."""


class FlaggedOut(Body):
    """A question flagged because its answers contradict its parameters."""

    question_id: str
    """Id of the question."""
    version: int
    """Version written by the calibration that flagged it."""
    text_changed: bool
    """Whether its author has changed the text since."""
    answers: int
    """Number of answers to it that were used."""
    p_value: float
    """p-value of the hypothesis that only a shift common to all questions occurred."""
    curve_change: float
    """Root mean square change of P(correct) over the respondents; 0.1 is a large change."""
    parameters: ParametersOut
    """Its parameters before and after that calibration."""


class PoolDebugOut(SuccessOut):
    """A pool's calibrations and flagged questions."""

    question_pool_id: UUID
    """Id of the pool."""
    version: int
    """Version that new sessions get."""
    question_count: int
    """Number of questions, including those that are not asked."""
    last_attempt: AttemptOut | None
    """The last attempt to calibrate the pool; null before the first."""
    calibrations: list[CalibrationOut]
    """Versions that calibrations wrote, newest first."""
    flagged: list[FlaggedOut]
    """Page of flagged questions: newest calibration first, within it smallest p-value first."""
    next_cursor: str | None
    """Cursor of the next page; null on the last one."""
