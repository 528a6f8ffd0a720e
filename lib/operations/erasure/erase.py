"""Removal of everything about a person from every context, in one transaction.

The contexts share only the student's id, and the id of an examinee may be an e-mail address. Each
name in the request, except the user name of the study planner, is used to find the other names of
the same person.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from lib.assessment.sessions import cache
from lib.database.advisory_lock import take_shared_lock
from lib.deps import Deps
from lib.errors import SchemaMissing, StudentNotFound
from lib.logs import log
from lib.operations.backups.store import list_tables
from lib.operations.backups.tables import Context, context_of_each
from lib.operations.erasure import store
from lib.operations.erasure.wire import (
    AssessmentRows,
    DeletedStudentOut,
    DeleteStudentIn,
    LearningRows,
    RemovedRows,
    WorkshopRows,
)
from lib.workshop.emails import normalized_email

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

SCHEMA_SET_ASIDE = re.compile(r"(?P<context>assessment|learning)_set_aside_[0-9_]+")
"""Names of schemas that a downgrade, or the adoption of a live system, set aside."""


def erase(request: DeleteStudentIn, deps: Deps) -> DeletedStudentOut:
    """Remove everything about a person for good, rows of the legacy tables included.

    Raises:
        SchemaMissing: If a context has tables, but no function to remove the person from them.
        StudentNotFound: If nothing is stored about the person.
        OlderTableRefuses: If a legacy table cannot be changed.
        AlreadyRunning: If another call holds the lock of `lib.database.advisory_lock` exclusively.
    """
    names = _names((request.student_email, request.test_student_id))
    student_id = request.student_id or _uuid_in(names)
    workshop, tests, learning = WorkshopRows(), AssessmentRows(), LearningRows()
    session_ids: list[UUID] = []
    with deps.postgres.transaction() as transaction:
        take_shared_lock(transaction)
        contexts = store.contexts(transaction)
        _require_functions(transaction, contexts)
        if contexts.workshop:
            person = store.workshop_person(transaction, student_id, names)
            if person is not None:
                names = _names((*names, person.student_email, *person.former_emails))
                student_id = person.student_id
                workshop = store.remove_from_workshop(transaction, person.student_email)
            elif request.student_email is not None:  # legacy rows may have the e-mail
                workshop = store.remove_from_workshop(transaction, request.student_email)
        if contexts.assessment:
            if student_id is not None:
                names = _names((*names, str(student_id)))
            removed_tests = store.remove_tests(transaction, store.test_ids(transaction, names))
            tests, session_ids = removed_tests.rows, removed_tests.session_ids
        if contexts.learning and (request.learning_username or student_id):
            learning = store.remove_planner_user(transaction, request.learning_username, student_id)
        removed_rows = RemovedRows(workshop=workshop, assessment=tests, learning=learning)
        if not any(count for rows in removed_rows.model_dump().values() for count in rows.values()):
            raise StudentNotFound
    return DeletedStudentOut(
        sessions_deleted=workshop.sessions,
        steps_deleted=workshop.steps,
        events_deleted=workshop.events,
        older_rows_deleted=workshop.older_rows,
        removed=removed_rows,
        cache_cleared=cache.delete_snapshots(deps.redis, session_ids),
    )


def _require_functions(transaction: "Transaction", contexts: store.Contexts) -> None:
    """Raise SchemaMissing if a context has tables, but no function to remove a person from them."""
    erasable = {
        Context.WORKSHOP: contexts.workshop,
        Context.LEGACY: contexts.workshop,
        Context.ASSESSMENT: contexts.assessment,
        Context.LEARNING: contexts.learning,
    }
    missing = [each for each in _with_tables(transaction) if not erasable.get(each, True)]
    if missing:
        log("erasing_function_missing", contexts=missing)
        raise SchemaMissing


def _with_tables(transaction: "Transaction") -> list[Context]:
    """Return the contexts that have tables in this database, including tables set aside."""
    catalog = list_tables(transaction)
    schemas = (SCHEMA_SET_ASIDE.fullmatch(table.schema_name) for table in catalog)
    set_aside = {Context(schema["context"]) for schema in schemas if schema is not None}
    return sorted(set_aside.union(context_of_each(catalog).values()))


def _names(names: Iterable[str | None]) -> list[str]:
    """Return names in comparable form: e-mails normalized, others in lower case."""
    comparable = (
        normalized_email(name) if "@" in name else name.strip().lower() for name in names if name
    )
    return list(dict.fromkeys(filter(None, comparable)))


def _uuid_in(names: Iterable[str]) -> UUID | None:
    """Return the first of the names that is a UUID, and so may be a student's id, or None."""
    for name in names:
        with suppress(ValueError):
            return UUID(name)
    return None
