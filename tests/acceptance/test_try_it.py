"""The tour of docs/try-it.md, run line by line as in a shell."""

import json
import re
from pathlib import Path
from string import Template
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.acceptance.curl import run

TOUR = Path(__file__).parents[2] / "docs" / "try-it.md"
COMMAND_SUBSTITUTION = re.compile(r"^(\w+)=\$\((.+?)(?: \| field ([\w ]+))?\)$")
ASSIGNMENT = re.compile(r"""^(\w+)=(['"]?)([^$]*)\2$""")


class Shell:
    """The part of a shell that the tour needs."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.variables: dict[str, str] = {}
        self.responses: list[Any] = []

    def run(self, line: str) -> None:
        """Run one line."""
        if match := ASSIGNMENT.match(line):
            self.variables[match[1]] = match[3]
        elif match := COMMAND_SUBSTITUTION.match(line):
            self.variables[match[1]] = self._field(self._output(match[2]), match[3])
        else:
            self._output(line)

    def _output(self, command: str) -> str:
        if command == 'echo "$BODY"':
            return self.variables["BODY"]
        # Variables are unquoted, or between two parts of a quoted text.
        unquoted = re.sub(r"'(\$\w+)'", r"\1", command)
        response = run(self.client, Template(unquoted).substitute(self.variables))
        assert response.status_code == 200, (command, response.text)
        self.responses.append(response.json())
        return str(response.text)

    @staticmethod
    def _field(text: str, keys: str | None) -> str:
        if keys is None:
            return text
        value = json.loads(text)
        for key in keys.split():
            value = value[key]
        return str(value)


def lines() -> list[str]:
    """Return the commands of the tour; `Shell` implements its function `field`."""
    blocks = re.findall(r"```sh\n(.*?)```", TOUR.read_text(encoding="utf-8"), re.DOTALL)
    script = re.sub(r"^field\(\).*?^print.*?$", "", "".join(blocks), flags=re.DOTALL | re.MULTILINE)
    return [line for line in script.splitlines() if line]


@pytest.fixture
def shell(loopback_client: TestClient) -> Shell:
    return Shell(loopback_client)


def test_every_line_of_the_tour_works(shell: Shell) -> None:
    tour = lines()
    assert sum("curl " in line for line in tour) == 14
    for line in tour:
        shell.run(line)
    owner, shared, _, reported, started, graded, status, ended, history, *_ = shell.responses
    assert owner["progress"]["student_name"] == "Noor Haddad"
    assert [session["completion_rate"] for session in shared["sessions"]] == [100, 33]
    assert reported["progress"]["completion_rate"] == 11
    assert started["status"] == "started"
    assert graded["questions_answered"] == 1
    assert status["is_active"] is True
    assert ended["summary"]["total_questions"] == 1
    assert history["progress_data"]["total_sessions"] == 4
