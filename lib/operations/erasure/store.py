"""Statements of the erasure of a person."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from lib.database.queries import load_queries
from lib.operations.erasure.wire import AssessmentRows, LearningRows, WorkshopRows

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

_queries = load_queries("operations/erasure.sql")


@dataclass(frozen=True)
class Contexts:
    """Whether each context has the functions with which a person is erased."""

    workshop: bool
    assessment: bool
    learning: bool


@dataclass(frozen=True)
class WorkshopPerson:
    """A student of the workshop."""

    student_id: UUID
    student_email: str
    former_emails: list[str]


@dataclass(frozen=True)
class RemovedTests:
    """Rows that were removed from the assessment, and the ids of the tests."""

    students: int
    tests: int
    answers: int
    proficiencies: int
    set_aside: int
    session_ids: list[UUID]

    @property
    def rows(self) -> AssessmentRows:
        """The counts, without the ids."""
        return AssessmentRows(
            students=self.students,
            tests=self.tests,
            answers=self.answers,
            proficiencies=self.proficiencies,
            set_aside=self.set_aside,
        )


def contexts(transaction: "Transaction") -> Contexts:
    """Return which contexts can erase a person in this database."""
    (existing,) = transaction.fetch_all(_queries["contexts"], None, Contexts)
    return existing


def workshop_person(
    transaction: "Transaction", student_id: UUID | None, names: list[str]
) -> WorkshopPerson | None:
    """Return the student with this id or with one of these e-mails; None if there is none."""
    params = {"student_id": student_id, "names": names}
    return transaction.fetch_one(_queries["workshop_person"], params, WorkshopPerson)


def remove_from_workshop(transaction: "Transaction", email: str) -> WorkshopRows:
    """Remove everything about a person, rows of the legacy tables included; record the removal."""
    params = {"student_email": email}
    (rows,) = transaction.fetch_all(_queries["remove_workshop_student"], params, WorkshopRows)
    return rows


def test_ids(transaction: "Transaction", names: list[str]) -> list[str]:
    """Return the ids under which a person with these names took tests."""
    ids: list[str] = transaction.fetch_value(_queries["test_ids"], {"names": names})
    return ids


def remove_tests(transaction: "Transaction", ids: list[str]) -> RemovedTests:
    """Remove everything about the students with these ids from the assessment."""
    params = {"ids": ids}
    (tests,) = transaction.fetch_all(_queries["remove_test_students"], params, RemovedTests)
    return tests


def remove_planner_user(
    transaction: "Transaction", username: str | None, person_id: UUID | None
) -> LearningRows:
    """Remove everything about a user of the study planner, also from tables that were set aside.

    Args:
        transaction: Transaction of the whole erasure.
        username: User name, exactly as stored.
        person_id: Id of the user or of the profile.
    """
    params = {"username": username, "person_id": person_id}
    (rows,) = transaction.fetch_all(_queries["remove_planner_user"], params, LearningRows)
    return rows
