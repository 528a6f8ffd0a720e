"""As much of the instructor's list as an answer may carry."""

from collections.abc import Iterable, Iterator

from lib.web.wire import CamelBody
from lib.workshop.instructor.wire import ListedSession, ListedStudent, ListOut

MOST_BYTES = 4_000_000
"""Of students and sessions in one answer: Vercel carries 4.5 MB, Lambda 6 MB."""
ALONE_SHARE = 4
"""Students without a session may take a fourth: they stand on the first page or nowhere."""


def fitting(listed: ListOut) -> ListOut:
    """The newest sessions that fit, at least one, with their students.

    `next_cursor` is left as it was: whoever cuts sessions off says where the next page begins.
    """
    people = {student.student_email: student for student in listed.students}
    with_session = {_email(session) for session in listed.sessions}
    alone = [student for email, student in people.items() if email not in with_session]
    shown = {student.student_email for student in _within(alone, MOST_BYTES // ALONE_SHARE)}
    left = MOST_BYTES - sum(_size(people[email]) for email in shown)
    sessions: list[ListedSession] = []
    for session in listed.sessions:
        email = _email(session)
        left -= _size(session)
        left -= _size(people[email]) if email in people and email not in shown else 0
        if left < 0 and sessions:
            break
        sessions.append(session)
        shown.add(email)
    students = [student for student in listed.students if student.student_email in shown]
    return listed.model_copy(update={"students": students, "sessions": sessions})


def _within(students: Iterable[ListedStudent], most: int) -> Iterator[ListedStudent]:
    for student in students:
        most -= _size(student)
        if most < 0:
            return
        yield student


def _email(session: ListedSession) -> str | None:
    """As its student has it: older tables have it in any spelling."""
    return session.student_email.strip().lower() if session.student_email else None


def _size(listed: CamelBody) -> int:
    """Bytes of its JSON, with a comma."""
    return len(listed.model_dump_json(by_alias=True).encode()) + 1
