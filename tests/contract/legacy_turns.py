"""The move of one legacy row, its renamings and their undoing, keys, backup and restore."""

from tests.conftest import ADMIN_PASSWORD
from tests.contract.turn import OPERATOR, Turn

PASSWORD = {"adminPassword": ADMIN_PASSWORD}
MOVE = "/api/admin-migrate-to-unified-schema"

CLEAN_UP = "/api/admin-cleanup-old-tables"
TABLES = """
CREATE TABLE public.workshop_students (session_token TEXT, student_email TEXT);
INSERT INTO public.workshop_students VALUES ('ws_0_legacy_token', 'bea@example.com');
"""

LEGACY = (
    Turn("POST", MOVE, 200, {**PASSWORD, "dryRun": True}, exact=False),
    Turn("POST", MOVE, 422, {**PASSWORD, "dryRun": "perhaps"}),
    Turn("POST", MOVE, 200, PASSWORD, exact=False),
    Turn("POST", CLEAN_UP, 400, PASSWORD),
    Turn("POST", CLEAN_UP, 200, {**PASSWORD, "confirmText": "DELETE OLD TABLES"}, exact=False),
    Turn("POST", "/api/admin-restore-old-tables", 200, PASSWORD, exact=False),
    Turn("POST", "/api/admin-normalize-database-v2", 200, PASSWORD, exact=False),
    Turn("POST", "/api/admin-rotate-keys", 200, headers=OPERATOR),
    Turn("POST", "/api/admin-backup", 200, PASSWORD, keep={"backup": "name"}, exact=False),
    Turn("POST", "/api/admin-restore", 409, {**PASSWORD, "name": "{backup}"}),
    Turn("POST", "/api/admin-restore", 404, {**PASSWORD, "name": "no-such-backup"}),
    Turn(
        "POST",
        "/api/admin-create-unified-schema",
        200,
        {**PASSWORD, "dropExisting": True, "confirmText": "DROP EXISTING TABLES"},
        exact=False,
    ),
    Turn("POST", "/api/admin-restore", 200, {**PASSWORD, "name": "{backup}"}),
)
