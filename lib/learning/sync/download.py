"""Rows that a device of the live system reads from the server."""

from lib.learning.accounts.wire import ProfileOut
from lib.learning.current_user import Call
from lib.learning.mastery import store as mastery_store
from lib.learning.mastery.read import live_detail
from lib.learning.plans.read import list_live_plans
from lib.learning.practice.attempts import list_live_attempts
from lib.learning.students.student import readable_student
from lib.learning.sync import store
from lib.learning.sync.wire import DownloadDataOut, DownloadOut, SyncStatusOut

MAX_PLANS = 20


def download(call: Call, sent_id: str) -> DownloadOut:
    """Return a student's rows.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
    """
    student = readable_student(call, sent_id)
    rows = DownloadDataOut(
        question_attempts=list_live_attempts(call, sent_id).root,
        concept_mastery=[
            live_detail(row.live_concept_id, row)
            for row in mastery_store.list_mastery(call.db, [student.id])
        ],
        study_plans=list_live_plans(call, sent_id, None, MAX_PLANS).plans,
        student_profile=ProfileOut(
            id=student.live_id,
            grade=student.grade,
            target_exam=student.target_exam,
            exam_date=student.exam_date,
            available_hours_per_day=student.available_hours_per_day,
        ),
    )
    return DownloadOut(data=rows, timestamp=call.now)


def read_status(call: Call, sent_id: str) -> SyncStatusOut:
    """Return the state of a student's synchronisation.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
    """
    student = readable_student(call, sent_id)
    failed_count, newest_time = store.read_status(call.db, student.id)
    return SyncStatusOut(
        student_id=student.live_id,
        pending_operations=failed_count,
        sync_state="error" if failed_count else "synced",
        last_sync_time=newest_time,
    )
