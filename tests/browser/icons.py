"""Icons of the study page as an app: `python -m tests.browser.icons` draws them from icon.svg.

Operating systems cut "full" icons to a shape of their choice, so these have square corners.
"""

from pathlib import Path

from tests.support.browser import find_browser, running_browser

PUBLIC = Path(__file__).resolve().parents[2] / "public"
FOLDER = PUBLIC / "learn" / "icons"
ICONS = {"192": 192, "512": 512, "512-full": 512, "180-full": 180}
"""Name -> width and height in pixels."""
ROUND = ' rx="7"'


def picture(*, full: bool) -> str:
    """Return the SVG, with square corners for a full icon."""
    source = (PUBLIC / "icon.svg").read_text(encoding="utf-8")
    return source.replace(ROUND, "") if full else source


def draw() -> None:
    """Write every icon."""
    path = find_browser()
    if path is None:
        raise SystemExit("Icons are drawn by Chromium: install it, so that it is on the PATH.")
    FOLDER.mkdir(exist_ok=True)
    with running_browser(path) as browser:
        page = browser.new_page()
        for name, size in ICONS.items():
            page.set_viewport_size({"width": size, "height": size})
            svg = picture(full=name.endswith("-full"))
            page.set_content(f'<body style="margin:0;display:grid">{svg}</body>')
            page.screenshot(path=FOLDER / f"{name}.png", omit_background=True)


if __name__ == "__main__":
    draw()
