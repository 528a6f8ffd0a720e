"""Rules for names that users choose."""

from pydantic import StringConstraints


def name_of(max_length: int) -> StringConstraints:
    """Return the constraints of a name: one line, not blank; blanks around it are left out."""
    return StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=max_length,
        pattern=r"^[^\x00-\x1f\x7f\u2028\u2029]+$",
    )
