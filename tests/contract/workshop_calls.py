"""Calls of the workshop: a session, and the endpoints for operators."""

from tests.conftest import ADMIN_PASSWORD
from tests.contract.call import CRON, OPERATOR, Call

PROGRESS = {"sessionToken": "{token}", "stepNumber": 3, "completed": True, "timeSpent": 450}
TRACKED = {
    "sessionToken": "{token}",
    "studentEmail": "ann@example.com",
    "exerciseId": "step-1",
    "completed": True,
    "timeSpent": 60,
    "attempts": 1,
}
STEPS = [{"name": "Bowline"}, {"name": "Hitch", "completedBy": ["hitchTied"]}]
WORKSHOP = (
    Call("POST", "/api/generate-session", 200, {}, keep={"other": "sessionToken"}),
    Call(
        "POST",
        "/api/generate-session",
        200,
        {"studentEmail": "Ann@Example.com", "studentName": "Änn 🙂"},
        keep={"token": "sessionToken"},
    ),
    Call("POST", "/api/generate-session", 422, {"studentEmail": "no address"}),
    Call("POST", "/api/student-progress", 200, PROGRESS),
    Call("POST", "/api/student-progress", 200, PROGRESS, {"Idempotency-Key": "again"}),
    Call("POST", "/api/student-progress", 200, PROGRESS, {"Idempotency-Key": "again"}),
    Call("POST", "/api/student-progress", 422, {**PROGRESS, "stepNumber": 10}),
    Call("POST", "/api/student-progress", 415, b"a=b", {"Content-Type": "text/plain"}),
    Call("POST", "/api/student-progress", 400, b"{"),
    Call("POST", "/api/student-progress", 413, b'"' + b"x" * 70_000 + b'"'),
    Call("GET", "/api/student-progress?sessionToken={token}", 200),
    Call("GET", "/api/student-progress?studentEmail=ann%40example.com", 200),
    Call("GET", "/api/student-progress", 400),
    Call(
        "POST",
        "/api/student-config-save",
        200,
        {"sessionToken": "{token}", "systemPrompt": "Be kind. ✓", "openaiApiKey": "sk-test-1234"},
    ),
    Call("POST", "/api/student-config-save", 422, {"sessionToken": "short"}),
    Call(
        "PUT",
        "/api/student-config-update",
        200,
        {"sessionToken": "{token}", "twilioConnected": True},
    ),
    Call(
        "PUT",
        "/api/student-config-update",
        404,
        {"sessionToken": "ws_1_" + "0" * 64, "twilioConnected": True},
    ),
    Call("GET", "/api/student-config-get?sessionToken={token}", 200),
    Call("GET", "/api/student-config-get?sessionToken=ws_1_" + "0" * 64, 404),
    Call("POST", "/api/track-student-progress", 200, TRACKED),
    Call("POST", "/api/track-student-progress", 422, {**TRACKED, "timeSpent": "long"}),
    Call("GET", "/api/track-student-progress?studentId=ann%40example.com", 200),
    Call("GET", "/api/track-student-progress?getAllStudents=true", 200, headers=OPERATOR),
    Call("GET", "/api/track-student-progress?getAllStudents=true", 401),
    Call("POST", "/api/report-bug", 200, {"description": "It hangs.", "sessionToken": "{token}"}),
    Call("POST", "/api/report-bug", 422, {"description": ""}),
    Call("GET", "/api/course", 200),
    Call("GET", "/api/course?courseId=unheard-of", 404),
    Call(
        "POST",
        "/api/admin-save-course",
        200,
        {"adminPassword": ADMIN_PASSWORD, "courseId": "knots", "name": "Knots", "steps": STEPS},
    ),
    Call(
        "POST",
        "/api/admin-save-course",
        409,
        {
            "adminPassword": ADMIN_PASSWORD,
            "courseId": "voice-assistant",
            "name": "Knots",
            "steps": STEPS,
        },
    ),
    Call("GET", "/api/workshop-analytics", 200, headers=OPERATOR),
    Call("GET", "/api/workshop-analytics?days=0", 422, headers=OPERATOR),
    Call("POST", "/api/admin-list-configs", 200, {"adminPassword": ADMIN_PASSWORD}),
    Call("POST", "/api/admin-list-configs-v2", 200, {"adminPassword": ADMIN_PASSWORD}),
    Call(
        "POST",
        "/api/admin-delete-sessions",
        200,
        {"adminPassword": ADMIN_PASSWORD, "sessionTokens": ["{token}"], "deleteType": "keys-only"},
    ),
    Call("POST", "/api/admin-delete-sessions", 422, {"adminPassword": ADMIN_PASSWORD}),
    Call(
        "POST",
        "/api/admin-change-email",
        200,
        {
            "adminPassword": ADMIN_PASSWORD,
            "studentEmail": "ANN@example.com",
            "newEmail": "Ann@Example.org",
        },
    ),
    Call(
        "POST",
        "/api/admin-change-email",
        404,
        {
            "adminPassword": ADMIN_PASSWORD,
            "studentEmail": "nobody@example.com",
            "newEmail": "ann@example.com",
        },
    ),
    Call(
        "POST",
        "/api/admin-delete-student",
        200,
        {"adminPassword": ADMIN_PASSWORD, "studentEmail": "ann@example.org"},
    ),
    Call("POST", "/api/admin-delete-student", 422, {"adminPassword": ADMIN_PASSWORD}),
    Call("GET", "/api/cleanup-sessions", 200, headers=CRON),
    Call("POST", "/api/admin-create-unified-schema", 200, {"adminPassword": ADMIN_PASSWORD}),
    Call(
        "POST",
        "/api/admin-create-unified-schema",
        400,
        {"adminPassword": ADMIN_PASSWORD, "dropExisting": True},
    ),
)
