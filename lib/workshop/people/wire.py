"""Bodies of the calls that rename or merge students, or detach a session."""

from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, StringConstraints

from lib.web.wire import CamelRequest, CamelSuccessOut, blank_is_none
from lib.workshop.fields import AnyToken
from lib.workshop.older_pages.wire import EmailOrId

OptionalEmailOrId = Annotated[EmailOrId | None, BeforeValidator(blank_is_none)]


class RenameStudentIn(CamelRequest):
    """The student, by id or by e-mail, and the new name."""

    student_id: UUID | None = None
    """Id of the student."""
    student_email: OptionalEmailOrId = None
    """E-mail of the student; if the id is given, too, both must belong to the same student."""
    new_name: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$"
        ),
    ]
    """New name of the student."""


class RenamedStudentOut(CamelSuccessOut):
    """The student under the new name."""

    message: str = "Student renamed"
    student_id: UUID
    """Id of the student."""
    student_name: str
    """New name of the student."""


class MergeStudentsIn(CamelRequest):
    """The student to keep and the student to merge into it, each by id or by e-mail."""

    keep_student_id: UUID | None = None
    """Id of the student who stays."""
    keep_student_email: OptionalEmailOrId = None
    """E-mail of the student who stays; if the id is given, too, both must match."""
    merge_student_id: UUID | None = None
    """Id of the student who is merged and no longer exists afterwards."""
    merge_student_email: OptionalEmailOrId = None
    """E-mail of the merged student; if the id is given, too, both must match."""


class MergedStudentsOut(CamelSuccessOut):
    """The student who stays, and what was moved to them."""

    message: str = "Students merged"
    student_id: UUID
    """Id of the student who stays."""
    student_email: str
    """E-mail of the student who stays."""
    sessions: int
    """Number of sessions that were moved."""
    enrollments: int
    """Number of courses in which the student is enrolled now and was not before."""
    older_rows_changed: int
    """Number of rows of the legacy tables that got the e-mail of the student who stays."""


class DetachSessionIn(CamelRequest):
    """The session to detach from its student."""

    session_token: AnyToken
    """Token of the session, as the lists show it."""


class DetachedSessionOut(CamelSuccessOut):
    """The session's new student, who is anonymous. The session keeps its token."""

    message: str = "Session detached"
    student_id: UUID
    """Id of the anonymous student."""
