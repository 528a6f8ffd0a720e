"""A copy of the project in which a test changes models and adds revisions, as a developer does."""

import re
import shutil
from pathlib import Path

from tests.support.forks import ROOT
from tests.support.scripts import Completed, run, run_unchecked

FOLDERS = ("lib", "sql", "migrations", "local")
FILES = ("alembic.ini", "migrate.py", "init_db.py")
REVISION = '''"""{name}."""

import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = "{before}"


def upgrade():
    {upgrade}


def downgrade():
    {downgrade}
'''


class Project:
    """The copy; its commands run on Postgres, SQLite or both."""

    def __init__(self, folder: Path, url: str = "", sqlite: Path | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.url = url
        self.sqlite = sqlite
        for name in FOLDERS:
            shutil.copytree(ROOT / name, folder / name)
        for name in FILES:
            shutil.copy(ROOT / name, folder)

    def run(self, script: str, *arguments: str) -> str:
        """Run a script that has to succeed; return what it printed."""
        return run(script, *arguments, url=self.url, sqlite=self.sqlite, folder=self.folder)

    def run_unchecked(self, script: str, *arguments: str) -> Completed:
        """Run a script that may fail."""
        return run_unchecked(
            script, *arguments, url=self.url, sqlite=self.sqlite, folder=self.folder
        )

    def replace(self, file: str, old: str, new: str) -> None:
        """Replace a text that the file has to contain."""
        path = self.folder / file
        text = path.read_text()
        assert old in text, file
        path.write_text(text.replace(old, new, 1))

    def add_column_to_users(self) -> None:
        """Add a column with an index to the model of users."""
        self.replace(
            "lib/learning/tables/accounts.py",
            "    role: Mapped[str]\n    last_login",
            "    email: Mapped[str | None] = mapped_column(index=True)\n"
            "    role: Mapped[str]\n    last_login",
        )

    def add_revision(self, name: str, before: str, upgrade: str, downgrade: str = "pass") -> None:
        """Write a revision; its statements are Python without indentation."""
        indent = "\n    "
        (self.folder / "migrations" / "versions" / f"{name}.py").write_text(
            REVISION.format(
                name=name,
                before=before,
                upgrade=upgrade.strip().replace("\n", indent),
                downgrade=downgrade.strip().replace("\n", indent),
            )
        )

    def revisions(self) -> list[Path]:
        """Return the files of the revisions after the first."""
        versions = (self.folder / "migrations" / "versions").glob("*.py")
        return sorted(path for path in versions if not path.name.startswith("001_"))

    def newest_revision(self) -> str:
        """Return the name of the only revision after the first."""
        (path,) = self.revisions()
        match = re.search(r"^revision = '(\w+)'", path.read_text(), re.MULTILINE)
        assert match is not None
        return match[1]
