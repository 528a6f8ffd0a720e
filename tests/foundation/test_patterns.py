"""Regular expressions that are compiled when they are first used."""

import re

import pytest

from lib.text.patterns import late_pattern


def test_pattern_is_compiled_when_first_used() -> None:
    pattern = late_pattern("(unclosed")
    with pytest.raises(re.error, match="unterminated subpattern"):
        pattern.search("text")


def test_late_pattern_matches_like_a_compiled_pattern_with_its_flags() -> None:
    pattern = late_pattern(r"a(?P<rest>.+)", re.IGNORECASE | re.DOTALL)
    for _ in range(2):
        match = pattern.fullmatch("A\nB")
        assert match is not None
        assert match["rest"] == "\nB"
    assert pattern.sub("x", "xab") == "xx"
    assert pattern.flags & re.DOTALL
