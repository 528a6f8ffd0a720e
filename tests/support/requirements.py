"""Parts of the requirements, cut from their files beside the repository when a test runs."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "requirements"


def requirement(number: str) -> str:
    """Return the text of a document, such as "003"; skip the test if it is not on this machine."""
    files = sorted(FOLDER.glob(f"{number}_*.txt"))
    if not files:
        pytest.skip(f"document {number} is not in {FOLDER}")
    return files[0].read_text(encoding="utf-8")


def sql_blocks(number: str) -> list[str]:
    """Return every SQL block of a document, in order."""
    return re.findall(r"```sql\n(.*?)```", requirement(number), re.DOTALL)


def sql_block(number: str, opening: str) -> str:
    """Return the SQL block of a document that begins with these words."""
    (block,) = (block for block in sql_blocks(number) if block.startswith(opening))
    return block
