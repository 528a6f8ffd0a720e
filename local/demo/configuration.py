"""Configuration and submissions of demo students, according to their progress."""

import json
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from lib.workshop.course import COURSE
from local.demo.journey import DEPLOYING, Step
from local.demo.people import Person

VOICES = (
    ("Google", "en-US-Journey-O"),
    ("Amazon", "Joanna-Neural"),
    ("ElevenLabs", "UgBBYS2sOqTuMpoF3BR0"),
)
FLAGS = {step.number: step.flags for step in COURSE.steps}
COMPLETING = {
    step.number: 1 + max(step.flags.index(flag) for flag in step.completed_by)
    for step in COURSE.steps
}
"""Number of a step's flags, from the first one on, that complete the step."""

CODE = {
    4: "<Response><Say>{greeting}</Say></Response>",
    5: "server.on('connection', (socket) => socket.on('message', (text) => answer(text)));",
    6: '<Connect><ConversationRelay url="{websocket}" welcomeGreeting="{greeting}" /></Connect>',
    8: "const tools = {{ {tool}: (input) => backend.{tool}(input) }};",
}


@cache
def _scenarios() -> list[dict[str, Any]]:
    file = Path(__file__).with_name("scenarios.json")
    scenarios: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return scenarios


def _scenario(person: Person) -> dict[str, Any]:
    scenarios = _scenarios()
    return scenarios[person.number * 5 % len(scenarios)]


def deployment_url(person: Person) -> str:
    """Return the address of the student's assistant, in a reserved domain."""
    return f"https://voice-{person.number:02}.deployments.example"


def _websocket_url(person: Person) -> str:
    return deployment_url(person).replace("https:", "wss:") + "/calls"


def flags(steps: list[Step]) -> dict[str, bool]:
    """Return the 21 flags; all flags of passed steps and some of the current step are true."""
    true_flags: set[str] = set()
    for step in steps:
        names = FLAGS[step.number]
        true_count = len(names) if step.passed else min(step.attempts, COMPLETING[step.number]) - 1
        true_flags.update(names[:true_count])
    return {name: name in true_flags for names in FLAGS.values() for name in names}


def configuration(person: Person, session_number: int, passed: int) -> dict[str, Any]:
    """Return the configuration columns of `sessions` after `passed` steps."""
    scenario = _scenario(person)
    rng = Random(f"configuration {person.number}.{session_number}")
    provider, voice = rng.choice(VOICES)
    owner = (person.mailbox or f"guest-{person.number}").replace(".", "-")
    columns_by_step: dict[int, dict[str, Any]] = {
        2: {
            "use_case_description": scenario["useCase"],
            "call_direction": scenario["callDirection"],
        },
        3: {
            "selected_phone_number": f"+1202555{100 + person.number:04}",
            "tts_provider": provider,
            "selected_voice": voice,
            "voice_settings": {"speed": rng.choice((0.9, 1.0, 1.1)), "language": "en-US"},
            "codespace_url": f"https://{owner}.codespaces.example",
            "github_repo_url": f"https://git.example/{owner}/voice-assistant",
            "repo_created": True,
        },
        4: {"railway_url": deployment_url(person), "ivr_greeting": scenario["greeting"]},
        5: {"websocket_url": _websocket_url(person)},
        7: {"system_prompt": scenario["prompt"]},
        8: {"tools": [_tool(*scenario["tool"])]},
    }
    columns: dict[str, Any] = {"tools": [], "voice_settings": {}, "repo_created": False}
    for step, step_columns in columns_by_step.items():
        columns |= step_columns if step <= passed else {}
    return columns


def submission(person: Person, step: Step) -> dict[str, str | None]:
    """Return the code and the address that a student submitted with a step."""
    scenario = _scenario(person)
    code = CODE.get(step.number)
    return {
        "code_submitted": code
        and code.format(
            greeting=scenario["greeting"],
            websocket=_websocket_url(person),
            tool=scenario["tool"][0],
        ),
        "deployment_url": deployment_url(person) if step.number in DEPLOYING else None,
    }


def _tool(name: str, description: str, inputs: dict[str, str]) -> dict[str, Any]:
    properties = {key: {"type": kind} for key, kind in inputs.items()}
    parameters = {"type": "object", "properties": properties, "required": list(inputs)}
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}
