"""Parts of the requirements, cut from their files beside the repository when a test runs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"
FOLDER = SHARED / "requirements"


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


def recorded_requests() -> list[dict[str, Any]]:
    """Return the requests of the live pages; skip the test if they are not on this machine."""
    file = SHARED / "live-page-requests.jsonl"
    if not file.exists():
        pytest.skip(f"{file} does not exist")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
