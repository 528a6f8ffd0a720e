"""The tables of the learning context: one definition for Postgres and SQLite."""

from lib.learning.tables.accounts import Class, Invitation, RefreshToken, StudentProfile, User
from lib.learning.tables.base import SCHEMA, Base
from lib.learning.tables.performance import (
    ConceptMastery,
    ExamMark,
    QuestionAttempt,
    StudyPlan,
)
from lib.learning.tables.syllabus import Concept, Question, Topic, TopicPrerequisite
from lib.learning.tables.synchronization import SyncOperation

__all__ = [
    "SCHEMA",
    "Base",
    "Class",
    "Concept",
    "ConceptMastery",
    "ExamMark",
    "Invitation",
    "Question",
    "QuestionAttempt",
    "RefreshToken",
    "StudentProfile",
    "StudyPlan",
    "SyncOperation",
    "Topic",
    "TopicPrerequisite",
    "User",
]
