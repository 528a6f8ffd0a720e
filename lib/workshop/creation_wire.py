"""Bodies and answers of admin-create-unified-schema."""

from typing import Annotated, Literal

from pydantic import Field

from lib.web.wire import CamelBody
from lib.workshop.creation import Creation

NEXT_STEPS = (
    "Try the move: POST /api/admin-migrate-to-unified-schema with dryRun true, read the report.",
    "Move: the same with dryRun false. The old tables stay.",
    "Check the instructor's dashboard, then POST /api/admin-cleanup-old-tables.",
)


class CreateIn(CamelBody):
    """Whether to begin with empty tables."""

    drop_existing: bool = False
    confirm_text: Annotated[
        str | None,
        Field(max_length=100, description='"DROP EXISTING TABLES", if tables hold rows.'),
    ] = None


class CreateOut(CamelBody):
    """What each table came to, and what to do next."""

    success: Literal[True] = True
    message: str
    results: list[str]
    backup: Annotated[
        str | None,
        Field(description="Where the backup is that dropExisting wrote before it began."),
    ]
    next_steps: list[str]

    @classmethod
    def of(cls, made: Creation, backup: str | None, remarks: list[str]) -> "CreateOut":
        """Answer for a creation; the remarks tell what became of the backup."""
        kept = {table.table_name for table in made.before}
        kept -= {table.table_name for table in made.set_aside}
        return cls(
            message="Unified schema created successfully",
            backup=backup,
            results=[
                *(f"{old.table_name}: set aside as {old.new_name}" for old in made.set_aside),
                *remarks,
                *(
                    f"{table.table_name}: brought up to date, {table.row_count} rows"
                    if table.table_name in kept
                    else f"{table.table_name}: created"
                    for table in made.after
                ),
                "indexes, triggers and update_session_progress(): in place",
            ],
            next_steps=list(NEXT_STEPS),
        )
