"""A session of the workshop, and what operators see and remove of it."""

from tests.conftest import ADMIN_PASSWORD
from tests.contract.turn import CRON, OPERATOR, Turn

PROGRESS = {"sessionToken": "{token}", "stepNumber": 3, "completed": True, "timeSpent": 450}
TRACKED = {
    "sessionToken": "{token}",
    "studentEmail": "ann@example.com",
    "exerciseId": "step-1",
    "completed": True,
    "timeSpent": 60,
    "attempts": 1,
}
WORKSHOP = (
    Turn("POST", "/api/generate-session", 200, {}, keep={"other": "sessionToken"}),
    Turn(
        "POST",
        "/api/generate-session",
        200,
        {"studentEmail": "Ann@Example.com", "studentName": "Änn 🙂"},
        keep={"token": "sessionToken"},
    ),
    Turn("POST", "/api/generate-session", 422, {"studentEmail": "no address"}),
    Turn("POST", "/api/student-progress", 200, PROGRESS),
    Turn("POST", "/api/student-progress", 200, PROGRESS, {"Idempotency-Key": "again"}),
    Turn("POST", "/api/student-progress", 200, PROGRESS, {"Idempotency-Key": "again"}),
    Turn("POST", "/api/student-progress", 422, {**PROGRESS, "stepNumber": 10}),
    Turn("POST", "/api/student-progress", 415, b"a=b", {"Content-Type": "text/plain"}),
    Turn("POST", "/api/student-progress", 400, b"{"),
    Turn("POST", "/api/student-progress", 413, b'"' + b"x" * 70_000 + b'"'),
    Turn("GET", "/api/student-progress?sessionToken={token}", 200),
    Turn("GET", "/api/student-progress?studentEmail=ann%40example.com", 200),
    Turn("GET", "/api/student-progress", 400),
    Turn(
        "POST",
        "/api/student-config-save",
        200,
        {"sessionToken": "{token}", "systemPrompt": "Be kind. ✓", "openaiApiKey": "sk-test-1234"},
    ),
    Turn("POST", "/api/student-config-save", 422, {"sessionToken": "short"}),
    Turn(
        "PUT",
        "/api/student-config-update",
        200,
        {"sessionToken": "{token}", "twilioConnected": True},
    ),
    Turn(
        "PUT",
        "/api/student-config-update",
        404,
        {"sessionToken": "ws_1_" + "0" * 64, "twilioConnected": True},
    ),
    Turn("GET", "/api/student-config-get?sessionToken={token}", 200),
    Turn("GET", "/api/student-config-get?sessionToken=ws_1_" + "0" * 64, 404),
    Turn("POST", "/api/track-student-progress", 200, TRACKED),
    Turn("POST", "/api/track-student-progress", 422, {**TRACKED, "timeSpent": "long"}),
    Turn("GET", "/api/track-student-progress?studentId=ann%40example.com", 200),
    Turn("GET", "/api/track-student-progress?getAllStudents=true", 200, headers=OPERATOR),
    Turn("GET", "/api/track-student-progress?getAllStudents=true", 401),
    Turn("POST", "/api/report-bug", 200, {"description": "It hangs.", "sessionToken": "{token}"}),
    Turn("POST", "/api/report-bug", 422, {"description": ""}),
    Turn("GET", "/api/workshop-analytics", 200, headers=OPERATOR),
    Turn("GET", "/api/workshop-analytics?days=0", 422, headers=OPERATOR),
    Turn("POST", "/api/admin-list-configs", 200, {"adminPassword": ADMIN_PASSWORD}),
    Turn("POST", "/api/admin-list-configs-v2", 200, {"adminPassword": ADMIN_PASSWORD}),
    Turn(
        "POST",
        "/api/admin-delete-sessions",
        200,
        {"adminPassword": ADMIN_PASSWORD, "sessionTokens": ["{token}"], "deleteType": "keys-only"},
    ),
    Turn("POST", "/api/admin-delete-sessions", 422, {"adminPassword": ADMIN_PASSWORD}),
    Turn(
        "POST",
        "/api/admin-delete-student",
        200,
        {"adminPassword": ADMIN_PASSWORD, "studentEmail": "ann@example.com"},
    ),
    Turn("POST", "/api/admin-delete-student", 422, {"adminPassword": ADMIN_PASSWORD}),
    Turn("GET", "/api/cleanup-sessions", 200, headers=CRON),
    Turn("POST", "/api/admin-create-unified-schema", 200, {"adminPassword": ADMIN_PASSWORD}),
    Turn(
        "POST",
        "/api/admin-create-unified-schema",
        400,
        {"adminPassword": ADMIN_PASSWORD, "dropExisting": True},
    ),
)
