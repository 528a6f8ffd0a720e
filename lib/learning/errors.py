"""Errors of the learning context."""

from lib.database.statements import register_constraint
from lib.errors import BadRequest, Conflict, Forbidden, InvalidInput, NotFound, Unauthenticated


class LogInRefused(Unauthenticated):
    """The username or the password is wrong."""

    code = "log_in_refused"


class RefreshRefused(Unauthenticated):
    """The refresh token is invalid, expired or used: log in again."""

    code = "refresh_refused"


class UsernameTaken(Conflict):
    """username: This name is taken."""

    code = "username_taken"
    fields = ("username",)


class RoleNeedsInvitation(Forbidden):
    """role: Teachers and admins register with an invitation, or with an operator's password."""

    code = "role_needs_invitation"
    fields = ("role",)


class InvitationRefused(Forbidden):
    """This code is unknown, used or expired, or is for something else."""

    code = "invitation_refused"
    fields = ("invitation",)


class PasswordWrong(Forbidden):
    """current_password: This is not the current password."""

    code = "password_wrong"
    fields = ("current_password",)


class UserNotFound(NotFound):
    """There is no such user."""

    code = "user_not_found"


class NotStudent(BadRequest):
    """Only a student can do this; this user has no student profile."""

    code = "not_a_student"


class StudentClosed(Forbidden):
    """This student does not exist, or this user may not see or change their data."""

    code = "student_closed"


class ClassClosed(Forbidden):
    """This class does not exist, or is another teacher's."""

    code = "class_closed"


class JoinCodeUnknown(NotFound):
    """code: No class has this code; ask the teacher for the current one."""

    code = "join_code_unknown"
    fields = ("code",)


class TopicNotFound(NotFound):
    """There is no such topic."""

    code = "topic_not_found"


class ConceptNotFound(NotFound):
    """There is no such concept."""

    code = "concept_not_found"


class PracticeQuestionNotFound(NotFound):
    """There is no such question."""

    code = "practice_question_not_found"


class AttemptIdTaken(Conflict):
    """id: Another answer has this id."""

    code = "attempt_id_taken"
    fields = ("id",)


class TopicRefused(BadRequest):
    """{field}: {reason}"""  # noqa: D415 the reason is a sentence

    code = "topic_refused"
    fields = ("{field}",)


class ContentRefused(InvalidInput):
    """Nothing was stored, because of {count}; the first is in {place}: {reason}"""  # noqa: D415 the reason is a sentence

    code = "content_refused"

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        count = "1 error" if len(problems) == 1 else f"{len(problems)} errors"
        super().__init__(count=count, place=problems[0][0], reason=problems[0][1])
        self.problems = tuple(problems)


class ContentFileNotFound(NotFound):
    """The present content has no such file; read the list of files again."""

    code = "content_file_not_found"


class ExamOver(BadRequest):
    """exam_date: The plan has to begin before the exam; set the next exam's date in the profile."""

    code = "exam_over"
    fields = ("exam_date",)


class OwnChoice(Conflict):
    """The student decides alone what to study, so that the class can compare results."""

    code = "own_choice"


class DeviceSuperseded(Conflict):
    """device: A newer copy or another student has synchronised with this id; it needs a new id."""

    code = "device_superseded"
    fields = ("device.id",)


class DeviceVersionRefused(Conflict):
    """device: Its tables have version {device}, the server's {server}; update the older one."""

    code = "device_version_refused"
    fields = ("device.schema_version",)


register_constraint("users_username_key", UsernameTaken)
register_constraint("question_attempts_pkey", AttemptIdTaken)
