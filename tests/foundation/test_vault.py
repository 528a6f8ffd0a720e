"""The vault: a sealed text opens in its own row and column only."""

import base64
import os

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import NotConfigured, Unreadable
from lib.settings import Settings
from lib.vault import API_KEY_FIELD, Vault, is_sealed

KEY = bytes(range(32))
OTHER_KEY = bytes(range(32, 64))
TOKEN = "ws_1700000000000_" + "ab" * 32
API_KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyz"


def old_format(plaintext: str, key: bytes = KEY) -> str:
    """Encrypt as the legacy application did: 16-byte IV, separate tag, standard base64."""
    iv = os.urandom(16)
    sealed = AESGCM(key).encrypt(iv, plaintext.encode(), None)
    return ":".join(base64.b64encode(part).decode() for part in (iv, sealed[-16:], sealed[:-16]))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_sealed_text_opens_again(plaintext: str) -> None:
    vault = Vault(KEY)
    sealed = vault.seal(plaintext, TOKEN, API_KEY_FIELD)
    assert is_sealed(sealed)
    assert vault.open(sealed, TOKEN, API_KEY_FIELD) == plaintext


def test_sealing_twice_gives_two_texts_and_neither_shows_the_key() -> None:
    first, second = (Vault(KEY).seal(API_KEY, TOKEN, API_KEY_FIELD) for _ in range(2))
    assert first != second
    assert API_KEY not in first + second


def test_a_text_moved_to_another_session_does_not_open() -> None:
    sealed = Vault(KEY).seal(API_KEY, TOKEN, API_KEY_FIELD)
    with pytest.raises(Unreadable):
        Vault(KEY).open(sealed, TOKEN + "0", API_KEY_FIELD)


def test_a_text_moved_to_another_field_does_not_open() -> None:
    sealed = Vault(KEY).seal(API_KEY, TOKEN, API_KEY_FIELD)
    with pytest.raises(Unreadable):
        Vault(KEY).open(sealed, TOKEN, "twilio_auth_token")


@pytest.mark.parametrize("place", range(0, 100, 7))
def test_a_text_with_a_changed_character_does_not_open(place: int) -> None:
    sealed = Vault(KEY).seal(API_KEY, TOKEN, API_KEY_FIELD)
    place %= len(sealed) - 1  # some bits of the last character are unused
    changed_text = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
    with pytest.raises(Unreadable):
        Vault(KEY).open(changed_text, TOKEN, API_KEY_FIELD)


@pytest.mark.parametrize("text", ["", API_KEY, "v1.", "v1.00000000.AAAA.BBBB", "a:b:c", "v2.x.y.z"])
def test_plaintext_and_nonsense_never_open_as_if_they_were_sealed(text: str) -> None:
    assert not is_sealed(text)
    with pytest.raises(Unreadable):
        Vault(KEY).open(text, TOKEN, API_KEY_FIELD)


def test_old_format_opens() -> None:
    assert is_sealed(old_format(API_KEY))
    assert Vault(KEY).open(old_format(API_KEY), TOKEN, API_KEY_FIELD) == API_KEY


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100))
def test_old_format_opens_in_either_alphabet_padded_or_not(plaintext: str) -> None:
    text = old_format(plaintext)
    for spelling in (text.replace("=", ""), text.replace("+", "-").replace("/", "_")):
        assert is_sealed(spelling)
        assert Vault(KEY).open(spelling, TOKEN, API_KEY_FIELD) == plaintext


def test_old_format_of_the_previous_key_opens() -> None:
    text = old_format(API_KEY, OTHER_KEY)
    assert Vault(KEY, OTHER_KEY).open(text, TOKEN, API_KEY_FIELD) == API_KEY
    with pytest.raises(Unreadable):
        Vault(KEY).open(text, TOKEN, API_KEY_FIELD)


def test_rotation_opens_with_the_previous_key_and_seals_with_the_new_one() -> None:
    sealed = Vault(OTHER_KEY).seal(API_KEY, TOKEN, API_KEY_FIELD)
    vault = Vault(KEY, OTHER_KEY)
    assert vault.needs_rotation(sealed)
    resealed = vault.seal(vault.open(sealed, TOKEN, API_KEY_FIELD), TOKEN, API_KEY_FIELD)
    assert not vault.needs_rotation(resealed)
    assert Vault(KEY).open(resealed, TOKEN, API_KEY_FIELD) == API_KEY


def test_old_format_and_plaintext_need_rotation() -> None:
    assert Vault(KEY).needs_rotation(old_format(API_KEY))
    assert Vault(KEY).needs_rotation(API_KEY)


def test_settings_give_current_and_previous_keys() -> None:
    settings = Settings(
        encryption_key=KEY.hex(), encryption_key_previous=f"{OTHER_KEY.hex()}, {KEY.hex()}"
    )
    sealed = Vault(OTHER_KEY).seal(API_KEY, TOKEN, API_KEY_FIELD)
    assert Vault.from_settings(settings).open(sealed, TOKEN, API_KEY_FIELD) == API_KEY


@pytest.mark.parametrize("key", [None, "", "abc", "g" * 64, "0" * 63, "0" * 65])
def test_a_missing_or_malformed_key_closes_the_vault(key: str | None) -> None:
    with pytest.raises(NotConfigured, match="ENCRYPTION_KEY"):
        Vault.from_settings(Settings(encryption_key=key))


def test_a_malformed_previous_key_closes_the_vault() -> None:
    settings = Settings(encryption_key=KEY.hex(), encryption_key_previous="short")
    with pytest.raises(NotConfigured, match="ENCRYPTION_KEY_PREVIOUS"):
        Vault.from_settings(settings)
