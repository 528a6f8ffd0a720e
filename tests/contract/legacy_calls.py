"""Calls of the migration, key rotation, audit trail, nightly run, backup and restore."""

from tests.conftest import ADMIN_PASSWORD
from tests.contract.call import CRON, OPERATOR, Call

PASSWORD = {"adminPassword": ADMIN_PASSWORD}
MIGRATE = "/api/admin-migrate-to-unified-schema"

CLEAN_UP = "/api/admin-cleanup-old-tables"
TABLES = """
CREATE TABLE public.workshop_students (session_token TEXT, student_email TEXT);
INSERT INTO public.workshop_students VALUES ('ws_0_legacy_token', 'bea@example.com');
"""

LEGACY = (
    Call("POST", MIGRATE, 200, {**PASSWORD, "dryRun": True}, exact=False),
    Call("POST", MIGRATE, 422, {**PASSWORD, "dryRun": "perhaps"}),
    Call("POST", MIGRATE, 200, PASSWORD, exact=False),
    Call("POST", CLEAN_UP, 400, PASSWORD),
    Call("POST", CLEAN_UP, 200, {**PASSWORD, "confirmText": "DELETE OLD TABLES"}, exact=False),
    Call("POST", "/api/admin-restore-old-tables", 200, PASSWORD, exact=False),
    Call("POST", "/api/admin-normalize-database-v2", 200, PASSWORD, exact=False),
    Call("POST", "/api/admin-rotate-keys", 200, headers=OPERATOR),
    Call("GET", "/api/admin-audit?limit=1", 200, headers=OPERATOR, exact=False),
    Call("GET", "/api/admin-audit?seal=1", 422, headers=OPERATOR),
    Call("GET", "/api/nightly", 200, headers=CRON),
    Call("POST", "/api/admin-backup", 200, PASSWORD, keep={"backup": "name"}, exact=False),
    Call("POST", "/api/admin-restore", 409, {**PASSWORD, "name": "{backup}"}),
    Call("POST", "/api/admin-restore", 404, {**PASSWORD, "name": "no-such-backup"}),
    Call(
        "POST",
        "/api/admin-create-unified-schema",
        200,
        {**PASSWORD, "dropExisting": True, "confirmText": "DROP EXISTING TABLES"},
        exact=False,
    ),
    Call(
        "POST",
        "/api/admin-restore",
        200,
        {**PASSWORD, "name": "{backup}", "unifiedOnly": True},
        exact=False,
    ),
)
