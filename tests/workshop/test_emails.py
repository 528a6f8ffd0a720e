"""Equal normalization of e-mails in Python and in SQL."""

import psycopg
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lib.workshop.emails import normalized_email

PIECES = st.one_of(
    st.sampled_from(
        ["ann", "@", "x.org", "<", ">", "mailto:", "MAILTO:", "?", " ", "\t", "\n", "\u3000",
         "\u00a0", "\u200b", "\ufeff", "\u00ad", "\u0308", "a", "Ä", "\u2003", "\u0085", "\u001f",
         '"', "É", "Σ", "Ж", "\u212a"]
    ),
    st.text(st.characters(max_codepoint=0x24F, exclude_characters="\0İ"), max_size=5),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("ann@x.org", "ann@x.org"),
        (" Ann@X.org\n", "ann@x.org"),
        ("\u3000ann@x.org\u200b", "ann@x.org"),
        ("A\u0308nn@x.org", "\u00e4nn@x.org"),
        ("Ann Smith <Ann@x.org>", "ann@x.org"),
        ('"Smith, Ann" <ann@x.org> ', "ann@x.org"),
        ("mailto:ann@x.org?subject=Hello", "ann@x.org"),
        ("<MAILTO: ann@x.org>", "ann@x.org"),
        ("ann+1?@x.org", "ann+1?@x.org"),
        ("", ""),
        ("\u200b ", ""),
    ],
)
def test_spellings_of_an_address_are_normalized_alike(text: str, email: str) -> None:
    assert normalized_email(text) == email


@hypothesis_settings(max_examples=60)
@given(texts=st.lists(st.lists(PIECES, max_size=9).map("".join), min_size=1, max_size=60))
def test_python_and_sql_normalize_alike_and_once_is_enough(
    postgres_url: str, texts: list[str]
) -> None:
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute(
            "SELECT text, coalesce(public.normalized_email(text), ''), "
            "coalesce(public.normalized_email(public.normalized_email(text)), '') "
            "FROM unnest(%s::text[]) AS text",
            [texts],
        ).fetchall()
    for text, once, twice in rows:
        assert normalized_email(text) == once, ascii(text)
        assert twice == once, ascii(text)
