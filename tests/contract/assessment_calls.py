"""Calls of the assessment: a test from upload to end, and the endpoints for operators."""

from tests.contract.call import ABSENT, CRON, OPERATOR, Call

POOL = "7c0f6f4e-5b1c-4a56-9d3f-0d4b5a2f9e11"
# They differ only in their ids: which one a session asks depends on its random id.
QUESTIONS = [
    {
        "id": f"q{number}",
        "content": "What is 2 + 2?",
        "options": ["3", "4", "5"],
        "correct_answer": "4",
        "concepts": [1, 1],
        "difficulty": 0.4,
        "discrimination": 1.2,
    }
    for number in range(1, 7)
]
START = {"student_id": "ann", "question_pool_id": POOL, "concept_names": ["Sums", "Products"]}
ID_WITH_SLASHES = "room 1//ann"
"""A student's id may contain slashes and spaces."""

ASSESSMENT = (
    Call("POST", "/api/questions/upload", 401, {"questions": QUESTIONS}),
    Call(
        "POST",
        "/api/questions/upload",
        200,
        {"questions": QUESTIONS, "question_pool_id": POOL},
        OPERATOR,
    ),
    Call("POST", "/api/questions/upload", 422, {"questions": [{"id": "q9"}]}, OPERATOR),
    Call(
        "POST",
        "/api/test/start",
        200,
        START,
        keep={"session": "session_id", "question": "next_question.id"},
    ),
    Call("POST", "/api/test/start", 404, {**START, "question_pool_id": ABSENT}),
    Call("POST", "/api/test/start", 200, {"session_id": "{session}"}),
    Call("POST", "/api/test/start", 422, {**START, "concept_names": ["Products", "Sums"]}),
    Call("POST", "/api/test/tickets", 401, {"question_pool_id": POOL, "student_ids": ["ann"]}),
    Call(
        "POST",
        "/api/test/tickets",
        200,
        {"question_pool_id": POOL, "student_ids": ["ann"], "uses": 2},
        OPERATOR,
        exact=False,
    ),
    Call("POST", "/api/test/tickets", 422, {"question_pool_id": POOL}, OPERATOR),
    Call("POST", "/api/test/start", 403, {"ticket": "{session}"}),
    Call(
        "POST",
        "/api/test/submit",
        200,
        {"session_id": "{session}", "question_id": "{question}", "response": 1},
        keep={"next": "next_question.id"},
    ),
    Call(
        "POST",
        "/api/test/submit",
        200,
        {"session_id": "{session}", "question_id": "{question}", "response": 1},
    ),
    Call(
        "POST",
        "/api/test/submit",
        409,
        {"session_id": "{session}", "question_id": "{question}", "response": 0},
    ),
    Call(
        "POST",
        "/api/test/submit",
        200,
        {"session_id": "{session}", "question_id": "{next}", "response": 0},
    ),
    Call("POST", "/api/test/submit", 422, {"session_id": "no uuid"}),
    Call("GET", "/api/test/status/{session}", 200),
    Call("GET", "/api/test/status/{session}/", 200),
    Call("GET", f"/api/test/status/{ABSENT}", 404),
    Call(
        "POST",
        "/api/test/submit/",
        200,
        {"session_id": "{session}", "question_id": "{question}", "response": 1},
    ),
    Call("GET", "/api/debug/session/{session}", 200, headers=OPERATOR, exact=False),
    Call("GET", "/api/debug/redis/stats", 200, headers=OPERATOR, exact=False),
    Call("POST", "/api/debug/sync/{session}", 200, headers=OPERATOR),
    Call("POST", "/api/test/end", 200, {"session_id": "{session}"}),
    Call("POST", "/api/test/end/{session}", 200),
    Call("POST", "/api/test/end/no-uuid", 422),
    Call(
        "POST",
        "/api/test/submit",
        409,
        {"session_id": "{session}", "question_id": "{next}", "response": 1},
    ),
    Call("POST", "/api/test/end", 404, {"session_id": ABSENT}),
    Call("GET", "/api/student/ann/proficiency", 200, headers=OPERATOR),
    Call("GET", "/api/student/ann/history", 200, headers=OPERATOR),
    Call("GET", "/api/student/ann/progress", 200, headers=OPERATOR),
    Call("POST", "/api/test/start", 200, {**START, "student_id": ID_WITH_SLASHES}),
    Call("GET", "/api/student/room%201%2F%2Fann/proficiency", 200, headers=OPERATOR),
    Call("GET", "/api/student/room%201%2F%2Fann/history", 200, headers=OPERATOR),
    Call("GET", "/api/student/room%201%2F%2Fann/progress", 200, headers=OPERATOR),
    # Some platforms decode the path before they choose a function.
    Call("GET", "/api/student/room%201//ann/proficiency", 200, headers=OPERATOR),
    Call("GET", "/api/student/room%201//ann/history", 200, headers=OPERATOR),
    Call("GET", "/api/student/room%201//ann/progress", 200, headers=OPERATOR),
    Call("GET", "/api/student/room%201//ann/history/", 200, headers=OPERATOR),
    Call("GET", "/api/student/room%201/ann/history", 404, headers=OPERATOR),
    Call("GET", "/api/student/ann/proficiency", 401),
    Call("GET", "/api/student/ann/history", 401),
    Call("GET", "/api/student/ann/progress", 401),
    Call("POST", "/api/sessions/cleanup", 200, {"inactivity_minutes": 30}, OPERATOR),
    Call("POST", "/api/sessions/cleanup", 422, {"inactivity_minutes": 0}, OPERATOR),
    Call("GET", "/api/sessions/cleanup", 200, headers=CRON),
    Call("POST", "/api/admin-calibrate", 200, {"question_pool_id": POOL}, OPERATOR),
    Call("POST", "/api/admin-calibrate", 404, {"question_pool_id": ABSENT}, OPERATOR),
    Call("GET", "/api/calibrate", 200, headers=CRON),
    Call("GET", f"/api/debug/pool/{POOL}?limit=10", 200, headers=OPERATOR),
    Call("GET", f"/api/debug/pool/{POOL}", 401),
    Call("GET", f"/api/debug/pool/{ABSENT}", 404, headers=OPERATOR),
    Call("GET", "/api/sessions/cleanup", 401, headers={"Authorization": "Bearer wrong"}),
)
