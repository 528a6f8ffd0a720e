"""Results of a migration, for the person at the terminal."""

from dataclasses import dataclass, field

from lib.database.schema import Step


@dataclass(frozen=True)
class Result:
    """The result of a command of Alembic on one database."""

    database: str
    """Name of the database in messages: `the database`, or the SQLite file with its path."""
    before: tuple[str, ...]
    """Revisions before the command."""
    after: tuple[str, ...]
    steps: list[Step] = field(default_factory=list)
    """Scripts of `sql/` that ran."""
    reports: list[str] = field(default_factory=list)
    """Lines about what was moved, repaired or left unchanged."""

    def lines(self) -> list[str]:
        """Return the lines to print."""
        before, after = (", ".join(heads) or "none" for heads in (self.before, self.after))
        name = self.database[0].upper() + self.database[1:]
        summary = (
            f"{name} went from revision {before} to {after}."
            if before != after
            else f"{name} is at revision {after}."
        )
        closing_lines = ["Its tables, functions and views now match the scripts in sql/."]
        return [
            *(f"{step.seconds:7.2f} s  sql/{step.name}" for step in self.steps),
            *(f"- {report}" for report in self.reports),
            summary,
            *(closing_lines if self.steps else []),
        ]
