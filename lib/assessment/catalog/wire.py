"""Bodies of the catalog of pools."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from lib.assessment.former_ids import PoolUuid
from lib.assessment.pools.question import STEEPEST_DISCRIMINATION, QuestionId
from lib.assessment.pools.rules import Admission, StopRule
from lib.assessment.pools.wire import Percentile, QuestionIn
from lib.assessment.telling import Tells
from lib.web.wire import Body, StrictBody, SuccessOut, UtcTime

VersionOrigin = Literal["upload", "calibration", "adopted", "exposure", "retired", "restored"]
MAX_VERSION = 2**31 - 1


class OfferedPoolOut(Body):
    """The part of a pool that the local server shows to callers without a password."""

    id: UUID
    """Id of the pool."""
    name: str | None
    """Name of the pool, for people."""
    question_count: int
    """Number of questions that can be asked."""
    concept_names: list[str] | None
    """Names of the concepts, in the order of the weights. If nobody has named them, five concepts
    have default names; with any other number this is null."""


class OfferedPoolsOut(SuccessOut):
    """A page of pools, oldest first, as anybody may see them on the local server."""

    pools: list[OfferedPoolOut]
    """The pools of this page."""
    next_cursor: str | None
    """Cursor of the next page; null on the last one."""


class PoolOut(OfferedPoolOut):
    """A pool as operators and instructors see it."""

    concept_count: int
    """Number of concepts that it tests."""
    version: int
    """Version that new tests get."""
    created_at: UtcTime
    """Time of the first upload."""
    changed_at: UtcTime
    """Time of the current version."""
    retired_count: int
    """Number of retired questions."""
    test_count: int
    """Number of tests, open and closed."""
    active_count: int
    """Number of open tests."""
    answer_count: int
    """Number of recorded answers."""


class PoolsOut(SuccessOut):
    """A page of pools, oldest first."""

    pools: list[PoolOut]
    """The pools of this page."""
    next_cursor: str | None
    """Cursor of the next page; null on the last one."""


class SelectionOut(Body):
    """Selection settings of the current version."""

    max_exposure: float
    """Maximum share of the tests at a level of ability that may ask a question; 1: no limit."""
    content_shares: list[float] | None
    """Relative share of a test's questions for each concept; null for no balancing."""
    best_items: int
    """Number of best questions that the next one is drawn from."""
    greatest_loss: float
    """Maximum share of the best question's information that may be lost by drawing another."""
    difficulty_error: float
    """Standard deviation of the true b = Φ⁻¹(difficulty) around the author's, for questions
    whose parameters are still the author's; 0 treats it as exact."""
    discrimination_error: float
    """Standard deviation of the true log discrimination around the author's, for the same
    questions."""


class RulesOut(Body):
    """Rules of a pool; those that nobody has set have their defaults."""

    admission: Admission = "open"
    """Admission: `open` to everybody, or by `ticket`."""
    tells: Tells = "each"
    """Time at which students see proficiencies: after each answer, or at the end."""
    starts_per_day: int | None = None
    """Number of tests that a student may start within 24 hours; null without a limit."""
    trains: bool = False
    """Whether calibration uses tests that were started neither with a ticket nor by an operator."""
    min_questions: int | None = None
    """Minimum length of a test; null if it is not set."""
    max_questions: int | None = None
    """Maximum length of a test; null for the service's own limit."""
    stop_rules: list[StopRule] | None = None
    """Kinds of stop rule that a test may have; null for all."""


class VersionOut(Body):
    """One version of a pool."""

    version: int
    """Number of the version."""
    origin: VersionOrigin
    """Origin of the version: an upload or edit, a calibration, the adoption of older questions, a
    count of exposure, the retirement of a question, or the return to an earlier version."""
    created_at: UtcTime
    """Time at which it was written."""
    question_count: int
    """Number of questions, including those that are not asked."""
    drifted: int | None
    """Number of questions that a calibration flagged, at most 1,000; null for other versions."""
    restored_version: int | None
    """Version whose parameters it restored; null for other versions."""
    repaired: dict[str, list[str]] | None
    """Repairs of questions from an older deployment, each with the ids of up to 1,000 questions;
    null for other versions."""
    not_asked: list[str] | None
    """Ids of up to 1,000 questions from an older deployment that cannot be asked, because their
    right answer is not among their options or their concepts do not fit; null for other
    versions."""


class ProposalOut(Body):
    """Estimates that wait for an operator."""

    number: int
    """Number of the proposal, for `accept` of `admin-calibrate`."""
    created_at: UtcTime | None
    """Time at which the calibration stored it."""
    answers: int
    """Number of answers used."""
    questions: int
    """Number of questions that would get new parameters."""
    drifted: int
    """Number of questions flagged, at most 1,000."""


class PoolDetailsOut(SuccessOut):
    """A pool with its settings and versions."""

    pool: PoolOut
    """The pool and its counts."""
    selection: SelectionOut
    """Selection settings of the current version."""
    rules: RulesOut
    """Rules for every test on the pool."""
    proposal: ProposalOut | None
    """Estimates that wait to be accepted; null if there are none."""
    versions: list[VersionOut]
    """A page of its versions, newest first."""
    next_cursor: str | None
    """Cursor of the next page of versions; null on the last one."""


class ErrorsOut(Body):
    """Standard errors of estimates."""

    difficulty: float
    """Standard error of the difficulty."""
    discrimination: float
    """Standard error of the discrimination."""
    guessing: float
    """Standard error of the guessing parameter."""


class LiveParametersOut(Body):
    """Parameters with which new tests ask a question."""

    difficulty: float
    """Percentile of a student who knows the answer with probability 1/2."""
    discrimination: float
    """Slope of the question's curve, in probits."""
    guessing: float
    """Probability of a correct guess."""
    is_calibrated: bool
    """Whether they were estimated from answers; otherwise they are the author's."""


class CalibrationFitOut(Body):
    """Fit and drift of a question in the last calibration that estimated it."""

    answers: int
    """Number of answers used."""
    errors: ErrorsOut
    """Standard errors of the estimates."""
    drifted: bool
    """Whether the estimates differ from the earlier parameters by more than chance."""
    p_value: float
    """p-value of the hypothesis that only a shift common to all questions occurred."""
    curve_change: float
    """Root mean square change of P(correct) over the respondents: how badly the earlier parameters
    fitted the answers; 0.1 is a large change."""


class PoolQuestionOut(Body):
    """A question with its correct answer, as its author wrote it, and its statistics."""

    position: int
    """Number in its pool, from 0."""
    id: str
    """Id of the question."""
    version: int
    """Version of the pool that last changed the question; an edit states it."""
    content: str
    """Text of the question."""
    options: list[Any]
    """Options in the order of their indexes; texts, or other JSON values in older pools."""
    correct_answer: str
    """Text of the correct option."""
    concepts: list[float]
    """Weight of each concept in the question: its row of the Q-matrix."""
    difficulty: float
    """Difficulty that its author wrote."""
    discrimination: float
    """Discrimination that its author wrote."""
    guessing: float
    """Guessing parameter that its author wrote."""
    retired: bool
    """Whether tests that start later no longer ask it."""
    is_asked: bool
    """Whether new tests may ask it: it is not retired and has its correct answer among its
    options."""
    parameters: LiveParametersOut
    """Parameters that new tests use."""
    calibration: CalibrationFitOut | None
    """Fit and drift; null if no calibration has estimated it since its author wrote it."""
    times_shown: int
    """Number of answers to it in all tests."""
    right_share: float | None
    """Share of these answers that were correct, 0 to 1; null without answers."""


class PoolQuestionsOut(SuccessOut):
    """A page of a pool's questions, by position."""

    questions: list[PoolQuestionOut]
    """The questions of this page."""
    next_cursor: str | None
    """Cursor of the next page; null on the last one."""


class ConceptPrecisionOut(Body):
    """The precision that a test can reach in one concept."""

    name: str | None
    """Name of the concept; null if it has neither a given nor a default name."""
    question_count: int
    """Number of questions on the concept that can be asked."""
    deviations: list[float]
    """Posterior standard deviation on the latent scale after the best questions, for each of
    `proficiencies`; 1 where no question is informative."""


class PrecisionOut(SuccessOut):
    """The precision that a test on a pool can reach, with the parameters of new tests."""

    question_pool_id: UUID
    """Id of the pool."""
    version: int
    """Version that new tests get."""
    questions: int
    """Number of questions of the test: the default maximum length, limited by the minimum and the
    maximum length in the pool's rules."""
    precise_enough: float
    """Deviation at which `precision` ends a test by default."""
    proficiencies: list[float]
    """Percentiles of students, 0 to 1."""
    concepts: list[ConceptPrecisionOut]
    """Each concept, in the order of the weights."""


class EditIn(QuestionIn):
    """The whole question after the edit."""

    id: QuestionId = ""
    """Id of the question; may be left out, and must otherwise be that of the path."""
    difficulty: Percentile
    """Percentile of a student who knows the answer with probability 1/2."""
    discrimination: float = Field(gt=0, le=STEEPEST_DISCRIMINATION)
    """Slope of the question's curve in probits, for concepts of weight 1."""
    guessing: float = Field(ge=0, lt=1)
    """Probability of a correct guess."""
    version: int = Field(ge=1, le=MAX_VERSION, strict=True)
    """`version` of the question as it was read; the edit is refused if the question has changed
    since."""
    retired: bool | None = Field(default=None, strict=True)
    """Whether the question is not asked; if left out, this stays as it is."""
    adminPassword: Any = None  # noqa: N815 its spelling in every operator's body


class RetireIn(StrictBody):
    """The state of the question that is to be retired."""

    version: int | None = Field(default=None, ge=1, le=MAX_VERSION, strict=True)
    """`version` of the question as it was read; if given, the call is refused if the question has
    changed since."""
    adminPassword: Any = None  # noqa: N815 its spelling in every operator's body


class ChangedQuestionOut(SuccessOut):
    """A question after a change."""

    question_pool_id: UUID
    """Id of the pool."""
    question: PoolQuestionOut
    """The question as it is now."""


class PoolVersionIn(StrictBody):
    """The version to go back to."""

    question_pool_id: PoolUuid
    """Id of the pool."""
    version: int = Field(ge=1, le=MAX_VERSION, strict=True)
    """Version whose parameters and settings new tests are to use."""
    adminPassword: Any = None  # noqa: N815 its spelling in every operator's body


class PoolVersionOut(SuccessOut):
    """The version that new tests get."""

    question_pool_id: UUID
    """Id of the pool."""
    version: int
    """Number of the version that new tests get."""
    restored_version: int
    """Version whose parameters and settings it has."""
