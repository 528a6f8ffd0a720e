"""List of the files with which the study page opens offline: `python -m local.pages.shell`.

It is part of the service worker, `public/worker.js`, since a browser installs a new version, with
the new files, only if the worker's own bytes have changed. A test fails while the list is not
current.
"""

import base64
import hashlib
import json
import re
from pathlib import Path

PUBLIC = Path(__file__).resolve().parents[2] / "public"
WORKER = "worker.js"
DOCUMENT = "learn.html"
MANIFEST = "learn/manifest.json"
LINKED = re.compile(r'(?:src|href)="/([\w./-]+\.(?:js|css|svg|png|json))"')
IMPORTED = re.compile(r'(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"')
COMMENT = re.compile(r"/\*.*?\*/|^\s*//[^\n]*", re.MULTILINE | re.DOTALL)
LIST = re.compile(r"(?<=^const FILES = )\{.*?\};$", re.MULTILINE | re.DOTALL)


def files(public: Path = PUBLIC) -> list[Path]:
    """Return the page's document with all that it loads, at once or on demand, and its icons."""
    page_files, waiting = set[Path](), [public / DOCUMENT]
    while waiting:
        file = waiting.pop()
        if file not in page_files:
            page_files.add(file)
            waiting += _files_named_in(file, public)
    return sorted(page_files)


def _files_named_in(file: Path, public: Path) -> list[Path]:
    """Return the files that a document, a module or the manifest names."""
    if file.suffix == ".html":
        return [public / name for name in LINKED.findall(file.read_text("utf-8"))]
    if file.suffix == ".js":
        names = IMPORTED.findall(COMMENT.sub("", file.read_text("utf-8")))
        return [(file.parent / name).resolve() for name in names]
    if file == public / MANIFEST:
        icons = json.loads(file.read_text("utf-8"))["icons"]
        return [public / icon["src"].removeprefix("/") for icon in icons]
    return []


def integrity(content: bytes) -> str:
    """Return the subresource integrity hash of a file's content, as browsers check it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode()


def content(public: Path = PUBLIC) -> str:
    """Return the expected content of the service worker's file, with a line for each file."""
    lines = ""
    for file in files(public):
        address = "/" + file.relative_to(public).as_posix().removesuffix(".html")
        lines += f"  {json.dumps(address)}: {json.dumps(integrity(file.read_bytes()))},\n"
    return LIST.sub(f"{{\n{lines}}};", (public / WORKER).read_text("utf-8"))


if __name__ == "__main__":
    (PUBLIC / WORKER).write_text(content(), "utf-8")
    print(f"Wrote {PUBLIC / WORKER}")
