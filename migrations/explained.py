"""Explanations of Alembic's errors that say what to do."""

import re

_EXPLANATIONS = {
    r"Can't locate revision identified by '(?P<revision>[^']+)'": (
        "This version of the code has no revision {revision}; `python migrate.py history` lists"
        " those that it has. If the database is at revision {revision} (in stepwise.schema_version)"
        " because a newer version made it, install that version. If it was a draft that has been"
        " deleted and changed nothing, run `python migrate.py stamp head`."
    ),
    r"downgrade with --sql requires": (
        "SQL is printed without a connection, so name the revisions before and after:"
        " `python migrate.py downgrade 001:base --sql`."
    ),
    r"Multiple head revisions are present": (
        "Two revisions have no successor; `alembic heads` lists them. Join them with"
        ' `alembic merge -m "join" heads`, then upgrade.'
    ),
    r"Relative revision \+\d+ didn't produce \d+ migrations": (
        "No revision is newer than the database's. `python migrate.py upgrade` brings tables,"
        " functions and views up to date without a new revision."
    ),
    r"Relative revision -\d+ didn't produce \d+ migrations": (
        "The database has no revision to go back from. If its tables were created by init_db.py or"
        " admin-create-unified-schema, run `python migrate.py upgrade` first, which records the"
        " revision."
    ),
}
"""Patterns of Alembic's messages, and our message for each."""


def explanation_of(message: str) -> str:
    """Return our explanation of a message of Alembic, or the message if we have none."""
    for pattern, explanation in _EXPLANATIONS.items():
        if match := re.search(pattern, message):
            return explanation.format(**match.groupdict())
    return message
