"""Bodies of the calls about the whole installation."""

from typing import Annotated, Literal

from pydantic import Field

from lib.web.wire import CamelBody


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


class BackupOut(CamelBody):
    """Where the backup is, and what is in it."""

    success: Literal[True] = True
    message: str
    name: str
    location: str
    rows: dict[str, int]
    bytes: int
    sha256: str


class RestoreIn(CamelBody):
    """Which backup."""

    name: Annotated[str, Field(max_length=100, description="As admin-backup told it.")]
    unified_only: Annotated[
        bool, Field(description="true: leave the older tables as they are, whatever they hold.")
    ] = False


class RestoreOut(CamelBody):
    """What came back."""

    success: Literal[True] = True
    message: str
    rows: dict[str, int]
    removed_again: Annotated[
        int,
        Field(description="People in the backup whom an operator removed since: they stay so."),
    ]


class RotationOut(CamelBody):
    """Keys sealed with the current encryption key; `done: false`: call again."""

    success: Literal[True] = True
    message: str
    done: bool
    rotated: int
    unreadable: int
    """Sealed with a key that is configured no more, or damaged; left as they are."""
    remaining: int
