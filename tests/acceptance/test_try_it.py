"""docs/try-it.md and the first calls of README.md, pasted into shells, print what they say."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from local.demo.examples import examples
from tests.support.local_server import LocalServer

ROOT = Path(__file__).parents[2]
TOUR, README = ROOT / "docs" / "try-it.md", ROOT / "README.md"
ADDRESS = "http://127.0.0.1:5300"
SHELLS = [path for name in ("bash", "dash", "zsh") if (path := shutil.which(name))]
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
END = "--- end of a step"
SHELL_SECONDS = 120.0


@dataclass
class Step:
    """Lines to paste, and what they print; … stands for any text."""

    commands: str
    output: str = ""

    def matches(self, shell_output: str) -> bool:
        """Return whether a shell's output is the documented one."""
        pattern = ".*?".join(map(re.escape, self.output.strip().split("…")))
        return re.fullmatch(pattern, shell_output.strip(), re.DOTALL) is not None


def steps(document: Path) -> list[Step]:
    """Return the steps of a document; a block of text is the output of the block before it."""
    all_steps: list[Step] = []
    for language, content in BLOCK.findall(document.read_text(encoding="utf-8")):
        if language == "sh":
            all_steps.append(Step(content))
        else:
            all_steps[-1].output = content
    return all_steps


def steps_of_readme() -> list[Step]:
    """Return the steps that call the development server."""
    return [step for step in steps(README) if ADDRESS in step.commands and "curl" in step.commands]


def paste(shell: str, all_steps: list[Step], url: str) -> list[str]:
    """Return what each step prints, errors included."""
    script = "".join(f"{step.commands}printf '\\n%s\\n' '{END}'\n" for step in all_steps)
    process = subprocess.run(
        [shell],
        input=script.replace(ADDRESS, url),
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=SHELL_SECONDS,
        check=True,
    )
    return process.stdout.split(f"\n{END}\n")[:-1]


@pytest.mark.parametrize("shell", SHELLS)
def test_each_step_of_the_tour_prints_its_documented_output(
    server: LocalServer, shell: str
) -> None:
    tour = steps(TOUR)
    outputs = paste(shell, tour, server.url)
    assert len(outputs) == len(tour)
    for step, output in zip(tour, outputs, strict=True):
        assert step.matches(output), f"{step.commands}printed\n{output}\nnot\n{step.output}"


@pytest.mark.parametrize("shell", SHELLS)
def test_first_calls_of_the_readme_print_their_documented_output(
    server: LocalServer, shell: str
) -> None:
    calls = steps_of_readme()
    assert len(calls) == 2
    for step, output in zip(calls, paste(shell, calls, server.url), strict=True):
        assert step.matches(output), f"{step.commands}printed\n{output}\nnot\n{step.output}"


@pytest.mark.parametrize("shell", SHELLS)
def test_calls_that_make_dev_prints_show_the_demo(server: LocalServer, shell: str) -> None:
    calls = re.findall(r"^curl (?:.*\\\n)*.*\n", examples(ADDRESS), re.MULTILINE)
    analytics, configurations, test = paste(shell, [Step(call) for call in calls], server.url)
    assert [name in analytics for name in ("Connect Accounts", "Sofia Lindqvist")] == [True, True]
    assert configurations.count('"studentName"') == 40 + 44  # students, then their sessions
    assert "Pavel Novák" in configurations
    assert '"next_question":' in test


@pytest.mark.parametrize("step", steps(TOUR) + steps_of_readme(), ids=lambda step: step.commands)
def test_step_makes_one_visible_call_at_most_and_can_be_pasted_anywhere(step: Step) -> None:
    visible = re.findall(r"^(?:curl|printf) ", step.commands, re.MULTILINE)
    assert len(visible) == (1 if step.output else 0)
    assert bool(re.search(r"\w", step.output)) == bool(step.output)
    # An interactive zsh treats # as a command, and expands ! and, outside quotes, ?, * and [.
    assert not re.search(r"(^|\s)#|!", step.commands, re.MULTILINE)
    unquoted = re.sub(r"'[^']*'|\"[^\"]*\"", "", step.commands)
    assert not re.search(r"[?*\[]", unquoted)


def test_tour_gives_the_numbers_of_the_demo(postgres_url: str) -> None:
    introduction = TOUR.read_text(encoding="utf-8").split("```")[0]
    numbers = [int(number) for number in re.findall(r"\d+", introduction)]
    with psycopg.connect(postgres_url) as connection:
        counts: list[Any] = [
            connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
            for table in (
                "public.students",
                "assessment.questions",
                "assessment.test_sessions",
                "assessment.examinees",
            )
        ]
    assert [(number,) for number in numbers] == counts


def test_a_step_that_prints_something_else_does_not_match() -> None:
    assert Step("curl", "1  …  2\n").matches("1  any\ntext  2\n")
    assert not Step("curl", "1  …  2\n").matches("1  2")
    assert not Step("curl", "1\n").matches("11")
    assert not Step("curl", "").matches("curl: not found")
