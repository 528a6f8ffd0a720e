"""The examples that the API docs page makes from schemas of an OpenAPI description."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = (Path(__file__).parents[2] / "local/pages/api_docs/openapi.js").as_uri()
NODE = Path(sys.executable).with_name("node")


def example(schema: dict[str, Any]) -> Any:
    code = f"const {{ example }} = await import({json.dumps(SCRIPT)});"
    code += f"console.log(JSON.stringify(example({{}}, {json.dumps(schema)})));"
    process = subprocess.run(
        [str(NODE), "--no-warnings", "--input-type=module", "--eval", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "examples": ["first"], "default": "unused"}, "first"),
        ({"type": "integer", "default": 20}, 20),
        ({"anyOf": [{"type": "integer", "minimum": 3}, {"type": "null"}], "default": None}, 3),
        ({"type": "integer"}, 0),
    ],
)
def test_example_is_the_schemas_own_or_its_default_or_a_value_of_its_type(
    schema: dict[str, Any], value: Any
) -> None:
    assert example(schema) == value
