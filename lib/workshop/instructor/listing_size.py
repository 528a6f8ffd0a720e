"""Trimming of the instructor's list to the size of a response."""

from lib.web.response_size import size_of, within
from lib.workshop.emails import normalized_email
from lib.workshop.instructor.wire import ListedSession, ListOut

MAX_LIST_BYTES = 4_000_000
"""Maximum size of students and sessions in a response; Vercel's limit is 4.5 MB, Lambda's 6 MB."""
MAX_BYTES_WITHOUT_SESSION = MAX_LIST_BYTES // 4
"""Maximum size of students without a session, who are listed on the first page only."""


def trim_to_size(page: ListOut) -> ListOut:
    """Return the newest sessions that fit in a response, at least one, with their students.

    `next_cursor` is unchanged; if sessions are cut off, the caller sets it.
    """
    students = {student.student_email: student for student in page.students}
    with_session = {_email(session) for session in page.sessions}
    without_session = [student for email, student in students.items() if email not in with_session]
    listed_emails = {
        student.student_email for student in within(without_session, MAX_BYTES_WITHOUT_SESSION)
    }
    free_bytes = MAX_LIST_BYTES - sum(size_of(students[email]) for email in listed_emails)
    sessions: list[ListedSession] = []
    for session in page.sessions:
        email = _email(session)
        free_bytes -= size_of(session)
        if email in students and email not in listed_emails:
            free_bytes -= size_of(students[email])
        if free_bytes < 0 and sessions:
            break
        sessions.append(session)
        listed_emails.add(email)
    return page.model_copy(
        update={
            "students": [
                student for student in page.students if student.student_email in listed_emails
            ],
            "sessions": sessions,
        }
    )


def _email(session: ListedSession) -> str | None:
    """Return a session's e-mail, normalized, because a legacy session may spell it freely."""
    return normalized_email(session.student_email) if session.student_email else None
