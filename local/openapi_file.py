"""Write the API's description to docs/openapi.json, from which clients are generated.

`make openapi` runs this. A test fails while the file differs from what the code describes.
"""

import json
from pathlib import Path

from lib.web.openapi import description

FILE = Path(__file__).resolve().parents[1] / "docs" / "openapi.json"


def content() -> str:
    """Return the expected content of the file."""
    return json.dumps(description(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(content(), encoding="utf-8")
    print(f"Wrote {FILE}")
