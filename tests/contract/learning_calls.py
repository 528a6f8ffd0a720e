"""Calls of the study planner: a class from its syllabus to its analytics."""

from typing import Any

from tests.contract.call import ABSENT, CRON, OPERATOR, Call

PASSWORD = "correct horse battery"
STUDENT = {"Authorization": "Bearer {student_token}"}
TEACHER = {"Authorization": "Bearer {teacher_token}"}
CSV = {"Content-Type": "text/csv"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TIME = "2026-11-01T10:00:00Z"
NEW_STUDENT = {
    "username": "ann",
    "password": PASSWORD,
    "role": "student",
    "grade": 10,
    "target_exam": "Finals",
    "exam_date": "2099-06-01",
    "available_hours_per_day": 2,
}
CONTENT: dict[str, Any] = {
    "topics": [
        {"topic": "Algebra", "exam_weightage": 60, "estimated_hours": 4},
        {
            "topic": "Calculus",
            "exam_weightage": 30,
            "estimated_hours": 6,
            "prerequisites": {"Algebra": 60},
        },
        {"topic": "Geometry", "exam_weightage": 10, "estimated_hours": 2},
    ],
    "concepts": [
        {"topic": "Geometry", "concept": "Angles"},
        {"topic": "Algebra", "concept": "Linear equations"},
        {"topic": "Calculus", "concept": "Derivatives"},
    ],
    "questions": [
        {
            "topic": "Algebra",
            "concept": "Linear equations",
            "question_text": "Solve 2x + 3 = 7.",
            "question_type": "numerical",
            "correct_answer": "2",
            "difficulty": "easy",
            "expected_time_seconds": 60,
        }
    ],
}
ATTEMPT = {
    "question_id": "{practice_question}",
    "answer": "2",
    "time_taken_seconds": 30,
    "confidence": 4,
}
OPERATION = {
    "operation_type": "create",
    "table_name": "question_attempts",
    "record_id": 1,
    "data": ATTEMPT,
    "timestamp": TIME,
}
DEVICE = {
    "id": "01a22100-0000-7000-8000-000000000001",
    "name": "Ann's laptop",
    "schema_version": 1,
    "syncs": 0,
}
SYNC = {
    "device": DEVICE,
    "operations": [
        {
            "id": "01a22100-0000-7000-8000-000000000002",
            "table_name": "question_attempts",
            "row_id": "01a22100-0000-7000-8000-000000000003",
            "kind": "create",
            "columns": {**ATTEMPT, "timestamp": TIME},
            "clock": "2026-11-01T10:00:00.000000Z-0000-00000001",
        },
        {
            "id": "01a22100-0000-7000-8000-000000000004",
            "table_name": "exam_marks",
            "row_id": "01a22100-0000-7000-8000-000000000005",
            "kind": "create",
            "columns": {"mark": 100},
            "clock": "2026-11-01T10:00:01.000000Z-0000-00000001",
        },
    ],
    "digests": True,
}

ACCOUNTS = (
    Call(
        "POST",
        "/api/auth/register",
        201,
        NEW_STUDENT,
        keep={"student_token": "access_token", "student_refresh": "refresh_token"},
        exact=False,
    ),
    Call("POST", "/api/auth/register", 409, NEW_STUDENT),
    Call("POST", "/api/auth/register", 422, {**NEW_STUDENT, "username": "bo", "grade": None}),
    Call("POST", "/api/auth/register", 403, {**NEW_STUDENT, "username": "cas", "role": "teacher"}),
    Call(
        "POST",
        "/api/auth/register",
        201,
        {"username": "teacher", "password": PASSWORD, "role": "teacher"},
        OPERATOR,
        exact=False,
    ),
    Call(
        "POST",
        "/api/auth/login",
        200,
        f"username=teacher&password={PASSWORD.replace(' ', '+')}".encode(),
        FORM,
        keep={"teacher_token": "access_token"},
        exact=False,
    ),
    Call("POST", "/api/auth/login", 401, {"username": "teacher", "password": "wrong password"}),
    Call("POST", "/api/auth/login", 422, b"username=teacher", FORM),
    Call("POST", "/api/auth/refresh", 200, {"refresh_token": "{student_refresh}"}, exact=False),
    Call("POST", "/api/auth/refresh", 401, {"refresh_token": "{student_refresh}"}),
    Call(
        "GET", "/api/auth/me", 200, headers=STUDENT, keep={"planner_student": "student_profile.id"}
    ),
    Call("GET", "/api/auth/me", 401),
    Call(
        "POST",
        "/api/auth/change-password",
        403,
        {"current_password": "wrong password", "new_password": PASSWORD},
        STUDENT,
    ),
    Call(
        "POST",
        "/api/admin-invite",
        200,
        {"username": "teacher", "valid_hours": 24},
        OPERATOR,
        keep={"reset_code": "code"},
        exact=False,
    ),
    Call("POST", "/api/admin-invite", 422, {}, OPERATOR),
    Call("POST", "/api/admin-invite", 404, {"username": "nobody"}, OPERATOR),
    Call(
        "POST",
        "/api/auth/reset-password",
        200,
        {"username": "teacher", "code": "{reset_code}", "new_password": PASSWORD},
        keep={"teacher_token": "access_token"},
        exact=False,
    ),
    Call(
        "POST",
        "/api/auth/reset-password",
        403,
        {"username": "teacher", "code": "{reset_code}", "new_password": PASSWORD},
    ),
    Call("GET", "/api/learning/profile", 200, headers=STUDENT, exact=False),
    Call("GET", "/api/learning/profile", 400, headers=TEACHER),
    Call("PUT", "/api/learning/profile", 200, {"grade": 11}, STUDENT, exact=False),
    Call("PUT", "/api/learning/profile", 422, {"grade": 13}, STUDENT),
)

SYLLABUS = (
    Call("POST", "/api/learning/content", 200, CONTENT, TEACHER),
    Call("POST", "/api/learning/content", 200, b"topic,concept\nAlgebra,Sums\n", TEACHER | CSV),
    Call("POST", "/api/learning/content", 422, b"topic,concept\nNone,Sums\n", TEACHER | CSV),
    Call("POST", "/api/learning/content", 403, CONTENT, STUDENT),
    Call("GET", "/api/learning/topics", 200, headers=STUDENT, keep={"algebra": "topics.0.id"}),
    Call("GET", "/api/topics", 200, headers=STUDENT),
    Call("GET", "/api/topics/", 200, headers=STUDENT),
    Call("GET", "/api/topics/{algebra}", 200, headers=STUDENT),
    Call("GET", f"/api/topics/{ABSENT}", 404, headers=STUDENT),
    Call("GET", "/api/topics/{algebra}/prerequisites", 200, headers=STUDENT),
    Call("GET", "/api/topics/unlockable/{planner_student}", 200, headers=STUDENT),
    Call(
        "POST",
        "/api/learning/topics",
        200,
        {
            "name": "Geometry",
            "exam_weightage": 20,
            "estimated_hours": 3,
            "prerequisites": [{"topic_id": "{algebra}", "minimum_mastery": 50}],
        },
        TEACHER,
        keep={"geometry": "topic.id"},
    ),
    Call(
        "PUT",
        "/api/learning/topics/{algebra}",
        400,
        {"prerequisites": [{"topic_id": "{geometry}"}]},
        TEACHER,
    ),
    Call("PUT", "/api/learning/topics/{geometry}", 200, {"estimated_hours": 5}, TEACHER),
    Call(
        "POST",
        "/api/topics",
        201,
        {
            "name": "Statistics",
            "exam_weightage": 0,
            "estimated_hours": 2,
            "prerequisite_ids": ["{algebra}"],
        },
        TEACHER,
    ),
    Call(
        "POST",
        "/api/topics",
        400,
        {"name": "Statistics", "exam_weightage": 101, "estimated_hours": 2},
        TEACHER,
    ),
    Call(
        "GET",
        "/api/learning/questions?topic_id={algebra}&limit=10",
        200,
        headers=STUDENT,
        keep={"practice_question": "questions.0.id", "concept": "questions.0.concept_id"},
    ),
    Call("GET", "/api/learning/questions?limit=0", 422, headers=STUDENT),
    Call("GET", "/api/questions/concept/{concept}", 200, headers=STUDENT),
    Call("GET", "/api/questions/{practice_question}", 200, headers=STUDENT),
    Call("GET", f"/api/questions/{ABSENT}", 404, headers=STUDENT),
)

FILES = (
    Call(
        "GET",
        "/api/learning/content-files",
        200,
        headers=STUDENT,
        keep={"content_file": "files.1.sha256"},
        exact=False,
    ),
    Call("GET", "/api/learning/content-files", 401),
    Call("GET", "/api/learning/content-files/{content_file}", 200, headers=STUDENT),
    Call("GET", f"/api/learning/content-files/{'0' * 64}", 404, headers=STUDENT),
)

PRACTICE = (
    Call("POST", "/api/learning/attempts", 200, {**ATTEMPT, "id": ABSENT}, STUDENT),
    Call("POST", "/api/learning/attempts", 200, {**ATTEMPT, "id": ABSENT}, STUDENT),
    Call("POST", "/api/learning/attempts", 422, {**ATTEMPT, "confidence": 6}, STUDENT),
    Call("POST", "/api/attempts/", 201, {**ATTEMPT, "answer": "3"}, STUDENT),
    Call("POST", "/api/attempts", 201, {**ATTEMPT, "answer": "2"}, STUDENT),
    Call("POST", "/api/attempts", 400, ATTEMPT, TEACHER),
    Call("GET", "/api/learning/attempts?limit=1", 200, headers=STUDENT),
    Call("GET", "/api/attempts/student/{planner_student}", 200, headers=STUDENT),
    Call("GET", f"/api/attempts/student/{ABSENT}", 403, headers=STUDENT),
    Call("GET", "/api/learning/mastery", 200, headers=STUDENT),
    Call("GET", "/api/mastery/student/{planner_student}", 200, headers=STUDENT),
    Call("GET", "/api/mastery/student/{planner_student}/concept/{concept}", 200, headers=STUDENT),
    Call("GET", "/api/attempts/mastery/student/{planner_student}", 200, headers=STUDENT),
    Call(
        "GET",
        "/api/attempts/mastery/student/{planner_student}/concept/{concept}",
        200,
        headers=STUDENT,
    ),
    Call("GET", "/api/learning/recommendations?limit=2", 200, headers=STUDENT, exact=False),
    Call("GET", "/api/learning/recommendations", 400, headers=TEACHER),
    Call("GET", "/api/recommendations/next/{planner_student}", 200, headers=STUDENT),
    Call("GET", "/api/recommendations/top/{planner_student}?n=2", 200, headers=STUDENT),
    Call(
        "GET",
        "/api/recommendations/explain/{planner_student}/{algebra}",
        200,
        headers=STUDENT,
        exact=False,
    ),
    Call("GET", "/api/recommendations/concepts/{planner_student}/{algebra}", 200, headers=STUDENT),
    Call("POST", "/api/learning/plan", 200, {"plan_type": "daily"}, STUDENT, exact=False),
    Call("POST", "/api/learning/plan", 422, {"plan_type": "yearly"}, STUDENT),
    Call("GET", "/api/learning/plan", 200, headers=STUDENT, exact=False),
    Call("POST", "/api/plans/daily/{planner_student}?date=2027-03-01", 200, headers=STUDENT),
    Call(
        "POST",
        "/api/plans/weekly/{planner_student}",
        200,
        {"start_date": "2027-03-01"},
        STUDENT,
    ),
    Call("POST", "/api/plans/exam/{planner_student}", 200, headers=STUDENT, exact=False),
    Call(
        "GET",
        "/api/plans/student/{planner_student}?plan_type=daily&limit=1",
        200,
        headers=STUDENT,
        exact=False,
    ),
    Call("GET", "/api/learning/progress", 200, headers=STUDENT, exact=False),
    Call(
        "POST",
        "/api/sync/upload",
        200,
        {"student_id": "{planner_student}", "operations": [OPERATION]},
        STUDENT,
    ),
    Call("POST", "/api/sync/upload", 422, {"student_id": "{planner_student}"}, STUDENT),
    Call("POST", "/api/learning/sync", 200, SYNC, STUDENT, exact=False),
    Call("POST", "/api/learning/sync", 409, {"device": {**DEVICE, "schema_version": 9}}, STUDENT),
    Call(
        "GET",
        "/api/learning/sync/rows?table=question_attempts",
        200,
        headers=STUDENT,
        exact=False,
    ),
    Call("GET", "/api/learning/sync/rows?table=users", 422, headers=STUDENT),
    Call("GET", "/api/learning/devices", 200, headers=STUDENT, exact=False),
    Call("GET", f"/api/learning/devices?class_id={ABSENT}", 403, headers=TEACHER),
    Call("GET", "/api/sync/download/{planner_student}", 200, headers=STUDENT, exact=False),
    Call("GET", "/api/sync/status/{planner_student}", 200, headers=STUDENT),
)

CLASSES = (
    Call(
        "POST",
        "/api/learning/classes",
        200,
        {"name": "10a", "grade": 10},
        TEACHER,
        keep={"class": "class.id", "join_code": "class.join_code"},
        exact=False,
    ),
    Call("POST", "/api/learning/classes/join", 200, {"code": "{join_code}"}, STUDENT),
    Call("POST", "/api/learning/classes/join", 404, {"code": "NOCODE11"}, STUDENT),
    Call("GET", "/api/learning/classes", 200, headers=STUDENT),
    Call("GET", "/api/learning/classes/{class}", 200, headers=TEACHER, exact=False),
    Call("GET", "/api/learning/classes/{class}", 403, headers=STUDENT),
    Call("PUT", "/api/learning/classes/{class}", 200, {"open_to_join": False}, TEACHER),
    Call(
        "POST",
        "/api/learning/classes/{class}/plan-arms",
        200,
        {"students": [{"student_id": "{planner_student}", "arm": "planner"}]},
        TEACHER,
    ),
    Call("POST", "/api/learning/classes/{class}/plan-arms", 422, {}, TEACHER),
    Call(
        "POST", "/api/admin-calibrate-learning", 200, {"max_answers": 2000}, OPERATOR, exact=False
    ),
    Call("POST", "/api/admin-calibrate-learning", 401),
    Call("GET", "/api/calibrate-learning", 200, headers=CRON, exact=False),
    Call(
        "POST",
        "/api/learning/exam-marks",
        200,
        {
            "exam": "Mock exam",
            "exam_date": "2026-11-02",
            "marks": [{"student_id": "{planner_student}", "mark": 71.5}],
        },
        TEACHER,
    ),
    Call("GET", "/api/learning/exam-marks", 200, headers=STUDENT),
    Call("GET", "/api/learning/exam-marks?class_id={class}", 200, headers=TEACHER),
    Call(
        "GET",
        "/api/learning/class-analytics?class_id={class}&from=2026-01-01&to=2099-12-31",
        200,
        headers=TEACHER,
    ),
    Call("GET", f"/api/learning/class-analytics?class_id={ABSENT}", 403, headers=TEACHER),
    Call("GET", "/api/analytics/class/{class}", 200, headers=TEACHER),
    Call("GET", "/api/analytics/class/{class}/weak-topics?threshold=70", 200, headers=TEACHER),
    Call("GET", "/api/analytics/class/{class}/at-risk", 200, headers=TEACHER),
    Call("GET", "/api/analytics/class/{class}/predictions", 200, headers=TEACHER),
    Call("GET", "/api/analytics/class/{class}/predictions", 403, headers=STUDENT),
    Call(
        "GET",
        "/api/analytics/student/{planner_student}/comparison?class_id={class}",
        200,
        headers=STUDENT,
    ),
    Call(
        "POST",
        "/api/learning/classes/{class}/move",
        200,
        {"student_ids": ["{planner_student}"]},
        TEACHER,
    ),
    Call("POST", "/api/auth/logout", 200, {}, STUDENT),
    Call(
        "POST",
        "/api/auth/change-password",
        200,
        {"current_password": PASSWORD, "new_password": f"{PASSWORD} staple"},
        STUDENT,
        exact=False,
    ),
    Call("GET", "/api/auth/me", 401, headers=STUDENT),
)

LEARNING = (*ACCOUNTS, *SYLLABUS, *FILES, *PRACTICE, *CLASSES)
