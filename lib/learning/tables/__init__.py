"""The tables of the learning context: one definition for Postgres and SQLite."""

from lib.learning.tables.accounts import Class, Invitation, RefreshToken, StudentProfile, User
from lib.learning.tables.base import SCHEMA, Base
from lib.learning.tables.performance import (
    ConceptMastery,
    ExamMark,
    PlanArm,
    QuestionAttempt,
    StudyPlan,
)
from lib.learning.tables.skills import ConceptSkill, MasteryCalibration, StudentSkill
from lib.learning.tables.syllabus import Concept, Question, Topic, TopicPrerequisite
from lib.learning.tables.synchronization import (
    SyncChange,
    SyncCounter,
    SyncDevice,
    SyncOperation,
)

__all__ = [
    "SCHEMA",
    "Base",
    "Class",
    "Concept",
    "ConceptMastery",
    "ConceptSkill",
    "ExamMark",
    "Invitation",
    "MasteryCalibration",
    "PlanArm",
    "Question",
    "QuestionAttempt",
    "RefreshToken",
    "StudentProfile",
    "StudentSkill",
    "StudyPlan",
    "SyncChange",
    "SyncCounter",
    "SyncDevice",
    "SyncOperation",
    "Topic",
    "TopicPrerequisite",
    "User",
]
