"""The pages on a server of their own, whose files and speed a test can change."""

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from local.pages.pages import PUBLIC, Pages

START_SECONDS = 20.0
POLL_SECONDS = 0.02


class Site:
    """A copy of `public/` behind the development server's app, without any function.

    Attributes:
        folder: The copy, which tests change.
        delay: Seconds that each response takes.
        is_failing: Whether every response is 503.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve() / "public"
        shutil.copytree(PUBLIC, self.folder)
        self.delay = 0.0
        self.is_failing = False
        self._unavailable = JSONResponse({"error": "unavailable"}, 503)
        self._pages = Pages(self._unavailable, [self.folder])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await asyncio.sleep(self.delay)
        await (self._unavailable if self.is_failing else self._pages)(scope, receive, send)

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a file's text."""
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        (self.folder / name).write_text(text.replace(old, new), encoding="utf-8")


@contextmanager
def running_site(folder: Path) -> Iterator[tuple[Site, str]]:
    """Serve a copy of the pages, made in `folder`, for a block; yield the site and its address."""
    site = Site(folder)
    config = uvicorn.Config(site, port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield site, f"http://127.0.0.1:{port}"
    finally:
        site.delay = 0.0
        server.force_exit = server.should_exit = True
        thread.join()
