"""IndexedDB, as the study page uses it, and SQLite compiled to WebAssembly, in Chromium.

Both hold the same answers. Each store is measured in a newly opened page. Opening SQLite
includes loading its code. The code of the page's own store is small, and is loaded before the
measurement. Each run fetches SQLite from npm and checks its hash.
"""

import gzip
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from local.pages.npm_packages import package_files

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PACKAGE, VERSION = "@sqlite.org/sqlite-wasm", "3.54.1-build1"
INTEGRITY = (
    "sha512-foW427VBLJ3G87bsnvQTZCc9zYe0Fq1wH0pz1I6BlKL"
    "KXcArIAyTkHtq0iT2llmhcMQt9T/p6l5PpQQh+6O8uQ=="
)
SQLITE_FILES = ("index.mjs", "sqlite3.wasm")
ANSWERS = 5_000
"""Answers of a student who practises for two years."""
PARTS = ("open", "first", "write", "read")
TITLES = {
    "open": "open, ms",
    "first": "first overview, ms",
    "write": "write one answer durably, ms",
    "read": "overview, ms",
}
PAGE = "<!doctype html><title>Benchmark</title>"


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = {  # noqa: RUF012 the base class declares it so
        **SimpleHTTPRequestHandler.extensions_map,
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def _fetch_sqlite(folder: Path) -> None:
    """Store the files of SQLite that a page loads."""
    paths = {name: f"dist/{name}" for name in SQLITE_FILES}
    for name, content in package_files(PACKAGE, VERSION, INTEGRITY, paths).items():
        (folder / name).write_bytes(content)


def _compressed_kb(files: list[Path]) -> float:
    """Return the size with gzip, KB."""
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files) / 1024


def _measure(browser: Browser, url: str, store: str) -> dict[str, float]:
    """Fill the store in one page; return milliseconds by part, measured in another page."""
    with browser.new_context() as context:
        for call in (f"fill{store}({ANSWERS})", f"measure{store}()"):
            page = context.new_page()
            page.goto(f"{url}/index.html")
            script = "async () => { const all = await import('/measure.js'); return all." + call
            times: dict[str, Any] | None = page.evaluate(script + "; }")
            page.close()
    assert times is not None  # noqa: S101 the second call returns it
    return {part: float(times[part]) for part in PARTS}


def main() -> None:
    """Print the table."""
    path = next((browser_path for name in BROWSERS if (browser_path := shutil.which(name))), None)
    if path is None:
        raise SystemExit(f"No Chromium found; install one of: {', '.join(BROWSERS)}.")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name in ("learn", "shared", "vendor", "account"):
            shutil.copytree(ROOT / "public" / name, folder / name)
        for name in ("measure.js", "sqlite.js"):
            target = folder / ("sqlite" if name == "sqlite.js" else "") / name
            target.parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / "benchmarks" / "browser" / name, target)
        (folder / "index.html").write_text(PAGE)
        _fetch_sqlite(folder / "sqlite")
        sizes = {
            "Indexed": _compressed_kb([folder / "learn/offline/store.js"]),
            "Sqlite": _compressed_kb([folder / "sqlite" / name for name in SQLITE_FILES]),
        }
        with _serving(folder) as url, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            times = {store: _measure(browser, url, store) for store in sizes}
            version = browser.version
            browser.close()
    print(f"Chromium {version}, {ANSWERS} answers; medians of 40 writes and 10 reads\n")
    print("| | IndexedDB | SQLite in WebAssembly | ratio |\n|---|--:|--:|--:|")
    rows = [("code, KB with gzip", sizes)] + [
        (TITLES[part], {store: parts[part] for store, parts in times.items()}) for part in PARTS
    ]
    for title, row in rows:
        ratio = row["Sqlite"] / row["Indexed"]
        print(f"| {title} | {row['Indexed']:.1f} | {row['Sqlite']:.1f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
