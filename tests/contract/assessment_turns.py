"""A test from its questions to its end, and what operators see of it."""

from tests.contract.turn import ABSENT, CRON, OPERATOR, Turn

POOL = "7c0f6f4e-5b1c-4a56-9d3f-0d4b5a2f9e11"
# Alike but for their ids: which one a session asks depends on the session's own random id.
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
SLASHED = "room 1//ann"
"""A student's id is opaque: slashes and blanks are part of it."""

ASSESSMENT = (
    Turn("POST", "/api/questions/upload", 401, {"questions": QUESTIONS}),
    Turn(
        "POST",
        "/api/questions/upload",
        200,
        {"questions": QUESTIONS, "question_pool_id": POOL},
        OPERATOR,
    ),
    Turn("POST", "/api/questions/upload", 422, {"questions": [{"id": "q9"}]}, OPERATOR),
    Turn(
        "POST",
        "/api/test/start",
        200,
        START,
        keep={"session": "session_id", "question": "next_question.id"},
    ),
    Turn("POST", "/api/test/start", 404, {**START, "question_pool_id": ABSENT}),
    Turn(
        "POST",
        "/api/test/submit",
        200,
        {"session_id": "{session}", "question_id": "{question}", "response": 1},
        keep={"next": "next_question.id"},
    ),
    Turn(
        "POST",
        "/api/test/submit",
        200,
        {"session_id": "{session}", "question_id": "{question}", "response": 1},
    ),
    Turn(
        "POST",
        "/api/test/submit",
        409,
        {"session_id": "{session}", "question_id": "{question}", "response": 0},
    ),
    Turn(
        "POST",
        "/api/test/submit",
        200,
        {"session_id": "{session}", "question_id": "{next}", "response": 0},
    ),
    Turn("POST", "/api/test/submit", 422, {"session_id": "no uuid"}),
    Turn("GET", "/api/test/status/{session}", 200),
    Turn("GET", f"/api/test/status/{ABSENT}", 404),
    Turn("GET", "/api/debug/session/{session}", 200, headers=OPERATOR, exact=False),
    Turn("GET", "/api/debug/redis/stats", 200, headers=OPERATOR, exact=False),
    Turn("POST", "/api/debug/sync/{session}", 200, headers=OPERATOR),
    Turn("POST", "/api/test/end", 200, {"session_id": "{session}"}),
    Turn("POST", "/api/test/end/{session}", 200),
    Turn("POST", "/api/test/end/no-uuid", 422),
    Turn(
        "POST",
        "/api/test/submit",
        409,
        {"session_id": "{session}", "question_id": "{next}", "response": 1},
    ),
    Turn("POST", "/api/test/end", 404, {"session_id": ABSENT}),
    Turn("GET", "/api/student/ann/proficiency", 200, headers=OPERATOR),
    Turn("GET", "/api/student/ann/history", 200, headers=OPERATOR),
    Turn("GET", "/api/student/ann/progress", 200, headers=OPERATOR),
    Turn("POST", "/api/test/start", 200, {**START, "student_id": SLASHED}),
    Turn("GET", "/api/student/room%201%2F%2Fann/proficiency", 200, headers=OPERATOR),
    Turn("GET", "/api/student/room%201%2F%2Fann/history", 200, headers=OPERATOR),
    Turn("GET", "/api/student/room%201%2F%2Fann/progress", 200, headers=OPERATOR),
    # As platforms hand it on that decode the path before they choose a function.
    Turn("GET", "/api/student/room%201//ann/proficiency", 200, headers=OPERATOR),
    Turn("GET", "/api/student/room%201//ann/history", 200, headers=OPERATOR),
    Turn("GET", "/api/student/room%201//ann/progress", 200, headers=OPERATOR),
    Turn("GET", "/api/student/room%201/ann/history", 404, headers=OPERATOR),
    Turn("GET", "/api/student/ann/proficiency", 401),
    Turn("GET", "/api/student/ann/history", 401),
    Turn("GET", "/api/student/ann/progress", 401),
    Turn("POST", "/api/sessions/cleanup", 200, {"inactivity_minutes": 30}, OPERATOR),
    Turn("POST", "/api/sessions/cleanup", 422, {"inactivity_minutes": 0}, OPERATOR),
    Turn("GET", "/api/sessions/cleanup", 200, headers=CRON),
    Turn("POST", "/api/admin-calibrate", 200, {"question_pool_id": POOL}, OPERATOR),
    Turn("POST", "/api/admin-calibrate", 404, {"question_pool_id": ABSENT}, OPERATOR),
    Turn("GET", "/api/calibrate", 200, headers=CRON),
    Turn("GET", f"/api/debug/pool/{POOL}?limit=10", 200, headers=OPERATOR),
    Turn("GET", f"/api/debug/pool/{POOL}", 401),
    Turn("GET", f"/api/debug/pool/{ABSENT}", 404, headers=OPERATOR),
    Turn("GET", "/api/sessions/cleanup", 401, headers={"Authorization": "Bearer wrong"}),
)
