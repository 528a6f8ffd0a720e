"""API keys after a change of the encryption key."""

import psycopg
import pytest

from lib.deps import Deps
from lib.errors import AlreadyRunning, NotConfigured
from lib.operations.keys.rotation import rotate
from lib.operations.responses import rotation_response
from lib.settings import Settings
from lib.vault import API_KEY_FIELD, Vault
from tests.conftest import ENCRYPTION_KEY
from tests.foundation.test_vault import old_format
from tests.legacy.legacy_database import Legacy
from tests.legacy.test_runs import LOCK

NEW_KEY = "fedcba9876543210" * 4
LOST_KEY = bytes(32)


@pytest.fixture
def rotating(bare: Legacy, settings: Settings) -> Legacy:
    """Sessions with keys of every kind, and settings with a new key."""
    (student,) = bare.rows(
        "INSERT INTO public.students (student_email) VALUES ('ann@example.com') "
        "RETURNING student_id"
    )
    old_vault = Vault(bytes.fromhex(ENCRYPTION_KEY))
    keys = {
        "sealed": old_vault.seal("sk-1", "sealed", API_KEY_FIELD),
        "old": old_format("sk-2", bytes.fromhex(ENCRYPTION_KEY)),
        "clear": "sk-3",
        "lost": old_format("sk-4", LOST_KEY),
        "moved": old_vault.seal("sk-5", "another session", API_KEY_FIELD),
        "none": None,
    }
    for token, key in keys.items():
        bare.put("sessions", session_token=token, student_id=student, openai_api_key=key)
    bare.deps.settings = Settings(
        postgres_url=settings.postgres_url,
        encryption_key=NEW_KEY,
        encryption_key_previous=ENCRYPTION_KEY,
    )
    return bare


def test_every_readable_key_is_sealed_with_the_new_key(rotating: Legacy) -> None:
    rotation = rotate(rotating.deps)
    assert (rotation.rotated, rotation.unreadable, rotation.remaining) == (3, 2, 0)
    new_vault = Vault(bytes.fromhex(NEW_KEY))
    keys = dict(rotating.rows("SELECT session_token, openai_api_key FROM public.sessions"))
    for token, plain in {"sealed": "sk-1", "old": "sk-2", "clear": "sk-3"}.items():
        assert new_vault.open(keys[token], token, API_KEY_FIELD) == plain
    assert keys["none"] is None


def test_message_never_calls_all_keys_sealed_while_some_are_unreadable(rotating: Legacy) -> None:
    for _ in range(2):
        response = rotation_response(rotate(rotating.deps))
        assert response.done
        assert "stay as they are: 2;" in response.message
    rotating.connection.execute(
        "SET LOCAL stepwise.removal = 'test';"
        "DELETE FROM public.sessions WHERE session_token IN ('lost', 'moved')"
    )
    assert rotation_response(rotate(rotating.deps)).message.startswith("All keys are sealed")


def test_rotating_again_changes_nothing(rotating: Legacy) -> None:
    rotate(rotating.deps)
    before = rotating.rows("SELECT s::text FROM public.sessions AS s ORDER BY 1")
    rotation = rotate(rotating.deps)
    assert (rotation.rotated, rotation.unreadable) == (0, 2)
    assert rotating.rows("SELECT s::text FROM public.sessions AS s ORDER BY 1") == before


def test_rotation_changes_nothing_but_the_keys(rotating: Legacy) -> None:
    query = "SELECT to_jsonb(s) - 'openai_api_key' FROM public.sessions AS s ORDER BY session_token"
    before = rotating.rows(query)
    assert rotate(rotating.deps).rotated == 3
    assert rotating.rows(query) == before


def test_legacy_row_newer_than_its_session_is_still_newer_after_a_rotation(
    rotating: Legacy,
) -> None:
    rotating.create()
    rotating.connection.execute(
        "UPDATE public.sessions SET updated_at = '2025-01-01 10:00:00.000000+00', "
        "tts_provider = 'ours'"
    )
    rotating.put(
        "workshop_students",
        session_token="sealed",
        updated_at="2025-01-01 10:00:00.000001",
        tts_provider="theirs",
    )
    rotate(rotating.deps)
    rotating.run()
    assert rotating.session("tts_provider", "sealed") == "theirs"


def test_rotation_in_batches_of_one_key_has_the_same_result(rotating: Legacy) -> None:
    rotation = rotate(rotating.deps, batch_keys=1)
    assert (rotation.rotated, rotation.unreadable, rotation.remaining) == (3, 2, 0)


def test_call_without_time_returns_the_number_of_remaining_keys(rotating: Legacy) -> None:
    rotation = rotate(rotating.deps, call_seconds=0)
    assert (rotation.rotated, rotation.remaining) == (0, 5)


def test_rotation_is_refused_during_a_migration(rotating: Legacy, settings: Settings) -> None:
    with psycopg.connect(settings.postgres_url or "") as other:
        other.execute(LOCK)
        with pytest.raises(AlreadyRunning):
            rotate(rotating.deps)


def test_without_a_key_rotation_is_refused(settings: Settings) -> None:
    with pytest.raises(NotConfigured):
        rotate(Deps(Settings(postgres_url=settings.postgres_url)))
