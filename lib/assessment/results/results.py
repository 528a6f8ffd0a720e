"""Results of a student: proficiency, history and progress over the tests."""

from datetime import datetime
from uuid import UUID

from lib.assessment.pools.rules import default_names
from lib.assessment.results import store
from lib.assessment.results.store import (
    ClosedSessionRow,
    HistoryPosition,
    ReadScope,
    SessionRow,
)
from lib.assessment.results.wire import (
    ConceptPoint,
    ConceptProgress,
    HistoryOut,
    ProficiencyOut,
    ProgressData,
    RecordedTest,
    TestProgressOut,
    TimelinePoint,
    UndisclosedTest,
)
from lib.assessment.telling import as_told
from lib.deps import Deps
from lib.web import cursor

MAX_PAGE = 200
"""Maximum number of sessions on a page, and in a progress report."""


def proficiency(scope: ReadScope, deps: Deps) -> ProficiencyOut:
    """Return proficiency and confidence in each concept: long-term, or in the scope's session.

    Raises:
        StudentNotFound: If the student never started a test, or the session is not the student's.
    """
    rows = store.read_proficiencies(deps.postgres, scope)
    return ProficiencyOut(
        student_id=scope.student_id,
        concept_names=[row.concept_name for row in rows],
        proficiency=[as_told(row.tells, [row.proficiency])[0] for row in rows],
        confidence=[row.confidence for row in rows],
        last_updated=max((row.updated_at for row in rows if row.updated_at), default=None),
        proven=[row.proven for row in rows],
    )


def history(scope: ReadScope, limit: int, after: str | None, deps: Deps) -> HistoryOut:
    """Return the page of tests, newest first, that begins after a cursor.

    Raises:
        InvalidCursor: If `after` is not the cursor of a page.
        StudentNotFound: If the student never started a test, or the session is not the student's.
    """
    rows = store.read_history(deps.postgres, scope, _position(after), limit)
    return HistoryOut(
        student_id=scope.student_id,
        test_sessions=[_recorded_test(row, scope) for row in rows],
        next_cursor=_cursor(rows[-1]) if len(rows) == limit else None,
    )


def progress(scope: ReadScope, deps: Deps) -> TestProgressOut:
    """Return accuracy and proficiency from test to test.

    Raises:
        StudentNotFound: If the student never started a test, or the session is not the student's.
    """
    sessions, totals = store.read_closed_sessions(deps.postgres, scope, MAX_PAGE)
    timeline = [_point(row, scope) for row in sessions]
    return TestProgressOut(
        student_id=scope.student_id,
        progress_data=ProgressData(
            progress_timeline=timeline,
            concept_progress=_by_concept(timeline),
            total_sessions=totals.total_sessions,
            avg_accuracy=round(totals.avg_accuracy or 0.0, 6),
        ),
    )


def _recorded_test(row: SessionRow, scope: ReadScope) -> RecordedTest | UndisclosedTest:
    """Return a test; the holder of a session gets only what may be disclosed of its result."""
    fields = vars(row)
    if scope.session_id is None:
        return RecordedTest(**fields)
    if not row.is_told:
        return UndisclosedTest(**{name: fields[name] for name in UndisclosedTest.model_fields})
    disclosed = {
        name: None if fields[name] is None else as_told(row.tells, fields[name])
        for name in ("initial_proficiency", "final_proficiency")
    }
    disclosed_measures = {
        name: None if fields[name] is None else as_told(row.tells, [fields[name]])[0]
        for name in ("learning_gain", "test_efficiency")
    }
    return RecordedTest(**{**fields, **disclosed, **disclosed_measures})


def _cursor(last: SessionRow) -> str:
    return cursor.write(last.started_at, last.session_id)


def _position(after: str | None) -> HistoryPosition:
    if after is None:
        return HistoryPosition()
    started_at, session_id = cursor.read(after, _time_or_none, UUID)
    return HistoryPosition(started_at=started_at, session_id=session_id)


def _time_or_none(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=None)


def _point(row: ClosedSessionRow, scope: ReadScope) -> TimelinePoint:
    tells = "each" if scope.session_id is None else row.tells
    final = row.final_proficiency if isinstance(row.final_proficiency, list) else []
    disclosed = as_told(tells, final)
    gain = row.learning_gain
    return TimelinePoint(
        session_id=row.session_id,
        date=row.date,
        accuracy=row.accuracy,
        learning_gain=None if gain is None else as_told(tells, [gain])[0],
        total_questions=row.total_questions,
        questions_answered=row.total_questions,
        proficiency=disclosed,
        proficiency_by_concept=dict(zip(_names(row, len(disclosed)), disclosed, strict=False)),
        proven=row.proven,
    )


def _names(row: ClosedSessionRow, count: int) -> list[str]:
    """Return the names of a test's concepts; older deployments stored none."""
    return default_names(count) if row.concept_names is None else row.concept_names


def _by_concept(timeline: list[TimelinePoint]) -> dict[str, ConceptProgress]:
    points: dict[str, list[ConceptPoint]] = {}
    for test in timeline:
        for concept, value in test.proficiency_by_concept.items():
            points.setdefault(concept, []).append(ConceptPoint(date=test.date, value=value))
    return {concept: _concept_progress(series) for concept, series in points.items()}


def _concept_progress(series: list[ConceptPoint]) -> ConceptProgress:
    first, latest = series[0].value, series[-1].value
    change = round(latest - first, 6)
    return ConceptProgress(
        first=first,
        latest=latest,
        change=change,
        history=[point.value for point in series],
        timeline=series,
        improvement=change,
        current_level=latest,
    )
