"""Reads a curl line as a guide prints it, and sends it to an app instead of a network."""

import shlex
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from fastapi.testclient import TestClient

FORM = "application/x-www-form-urlencoded"  # what curl says unless told otherwise
LOCAL = "http://127.0.0.1:5300"
PRINTED_HOSTS = {"localhost:5300", "127.0.0.1:5300", "your-app.vercel.app"}


@dataclass(frozen=True)
class Curl:
    """What a curl line asks for."""

    method: str
    path: str
    headers: dict[str, str]
    body: str | None


def parse(printed: str) -> Curl:
    """Read the options that the guides use; what a shell would do with the answer is left out.

    Raises:
        ValueError: If the line is no curl line, goes elsewhere, or has another option.
    """
    program, *words = shlex.split(printed.replace("\\\n", " "))
    if program != "curl":
        raise ValueError(printed)
    options, url = _options(words)
    body = "&".join(options["-d"]) if "-d" in options else None  # as curl joins several
    headers = {"Content-Type": FORM} if body is not None else {}
    for header in options.get("-H", []):
        name, _, value = header.partition(":")
        headers[name] = value.strip()
    place = urlsplit(url)
    if place.netloc not in PRINTED_HOSTS:
        raise ValueError(f"not ours: {url}")
    (method,) = options.get("-X") or ["GET" if body is None else "POST"]
    return Curl(method, urlunsplit(("", "", *place[2:4], "")), headers, body)


def _options(words: list[str]) -> tuple[dict[str, list[str]], str]:
    """Return each option's values, and the address; what follows ">" or "|" is the shell's."""
    options: dict[str, list[str]] = {}
    url = ""
    ours = iter(takewhile(lambda word: word not in {">", "|"}, words))
    for word in ours:
        if word == "-s":
            continue
        if word in {"-X", "-H", "-d"}:
            options.setdefault(word, []).append(next(ours))
        elif word.startswith("http"):
            url = word
        else:
            raise ValueError(f"an option that the guides do not use: {word}")
    return options, url


def local_client(app_client: TestClient) -> TestClient:
    """A client that calls from this machine, as a person at the terminal does."""
    return TestClient(
        app_client.app,
        base_url=LOCAL,
        client=("127.0.0.1", 50000),
        raise_server_exceptions=False,
    )


def run(client: TestClient, printed: str) -> Any:
    """Send what the line says."""
    asked = parse(printed)
    return client.request(asked.method, asked.path, headers=asked.headers, content=asked.body)
