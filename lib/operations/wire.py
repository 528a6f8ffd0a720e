"""Bodies of the operators' calls about the whole installation."""

from typing import Annotated, Literal

from pydantic import Field

from lib.web.wire import CamelBody


class CreateIn(CamelBody):
    """Request of admin-create-unified-schema."""

    drop_existing: bool = False
    """Set existing tables aside and start with empty ones."""
    confirm_text: Annotated[
        str | None,
        Field(max_length=100, description='"DROP EXISTING TABLES", if tables hold rows.'),
    ] = None
    finish: bool = False
    """Drop the views that serve the previous version of the tests, once it has ended."""


class CreateOut(CamelBody):
    """Tables that were created or set aside, and the next steps."""

    success: Literal[True] = True
    message: str
    results: list[str]
    backup: Annotated[
        str | None,
        Field(description="Location of the backup that dropExisting wrote first."),
    ]
    next_steps: list[str]


class BackupOut(CamelBody):
    """A backup that was written."""

    success: Literal[True] = True
    message: str
    name: str
    location: str
    rows: Annotated[dict[str, dict[str, int]], Field(description="Rows of each table, by context.")]
    left_out: Annotated[
        list[str], Field(description="Tables that the backup does not contain, and why.")
    ]
    bytes: int
    sha256: str


class RestoreIn(CamelBody):
    """Request of admin-restore."""

    name: Annotated[
        str, Field(max_length=100, description="The name from the response of admin-backup.")
    ]
    unified_only: Annotated[
        bool,
        Field(description="true: restore the workshop's unified tables only."),
    ] = False


class RestoreOut(CamelBody):
    """A backup that was restored."""

    success: Literal[True] = True
    message: str
    rows: Annotated[
        dict[str, dict[str, int]], Field(description="Restored rows of each table, by context.")
    ]
    removed_again: Annotated[
        int,
        Field(description="People whom an operator removed since; they were removed again."),
    ]
    notes: Annotated[
        list[str], Field(description="What differs from the database that was backed up.")
    ]


class RotationOut(CamelBody):
    """Result of a key rotation; if `done` is false, another call continues."""

    success: Literal[True] = True
    message: str
    done: bool
    rotated: int
    unreadable: int
    """Keys that are damaged, or sealed with a key that is no longer configured; unchanged."""
    remaining: int
