"""The statement of class analytics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lib.learning.tables import ConceptMastery


@dataclass
class Scores:
    """The mastery of a student by concept, 0 to 100."""

    by_concept: dict[UUID, float] = field(default_factory=dict)

    def of(self, concept_id: UUID) -> float:
        """Return the mastery of a concept; 0 if it was never practised."""
        return self.by_concept.get(concept_id, 0.0)


def list_scores(
    db: Session,
    student_ids: Sequence[UUID],
    since: datetime | None = None,
    until: datetime | None = None,
) -> Mapping[UUID, Scores]:
    """Return the mastery of students in the concepts whose last practice is in a period.

    Args:
        db: The session.
        student_ids: The students, each of whom gets an entry.
        since: Start of the period; None for no limit.
        until: End of the period, exclusive; None for no limit.
    """
    query = select(
        ConceptMastery.student_id, ConceptMastery.concept_id, ConceptMastery.mastery_score
    ).where(ConceptMastery.student_id.in_(student_ids), ConceptMastery.total_attempts > 0)
    if since is not None:
        query = query.where(ConceptMastery.last_updated >= since)
    if until is not None:
        query = query.where(ConceptMastery.last_updated < until)
    scores = {student_id: Scores() for student_id in student_ids}
    for student_id, concept_id, score in db.execute(query):
        scores[student_id].by_concept[concept_id] = score
    return scores
