"""Parse a curl line as a guide prints it, and send it to an app instead of the network."""

import shlex
from dataclasses import dataclass
from itertools import takewhile
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from fastapi.testclient import TestClient

from tests.support.declared_errors import with_declared_errors

FORM = "application/x-www-form-urlencoded"  # curl's default
LOCAL = "http://127.0.0.1:5300"
PRINTED_HOSTS = {"localhost:5300", "127.0.0.1:5300", "your-app.vercel.app"}


@dataclass(frozen=True)
class Curl:
    """The request of a curl line."""

    method: str
    path: str
    headers: dict[str, str]
    body: str | None


def parse(line: str) -> Curl:
    """Parse a curl line with the options that the guides use; ignore `>` and what follows.

    Raises:
        ValueError: If it is not a curl line, has another option, or calls another host.
    """
    program, *words = shlex.split(line.replace("\\\n", " "))
    if program != "curl":
        raise ValueError(f"not a curl line: {line}")
    options, url = _options(words)
    body = "&".join(options["-d"]) if "-d" in options else None  # curl joins several -d
    headers = {"Content-Type": FORM} if body is not None else {}
    for header in options.get("-H", []):
        name, _, value = header.partition(":")
        headers[name] = value.strip()
    address = urlsplit(url)
    if address.netloc not in PRINTED_HOSTS:
        raise ValueError(f"not the address of a guide: {url}")
    (method,) = options.get("-X") or ["GET" if body is None else "POST"]
    return Curl(method, urlunsplit(("", "", *address[2:4], "")), headers, body)


def _options(words: list[str]) -> tuple[dict[str, list[str]], str]:
    """Return each option's values, and the address; ignore what follows ">"."""
    options: dict[str, list[str]] = {}
    url = ""
    curl_words = iter(takewhile(lambda word: word != ">", words))
    for word in curl_words:
        if word in {"-X", "-H", "-d"}:
            options.setdefault(word, []).append(next(curl_words))
        elif word.startswith("http"):
            url = word
        else:
            raise ValueError(f"an option that the guides do not use: {word}")
    return options, url


def local_client(app_client: TestClient) -> TestClient:
    """Return a client whose calls come from this machine."""
    client = TestClient(
        app_client.app,
        base_url=LOCAL,
        client=("127.0.0.1", 50000),
        raise_server_exceptions=False,
    )
    return with_declared_errors(client)


def run(client: TestClient, line: str) -> Any:
    """Send the request of a curl line."""
    curl = parse(line)
    return client.request(curl.method, curl.path, headers=curl.headers, content=curl.body)
