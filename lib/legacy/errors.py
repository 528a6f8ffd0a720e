"""Errors that keep the legacy tables from being migrated, set aside or brought back."""

from lib.errors import BadRequest, Conflict


class UnifiedSchemaNotFound(BadRequest):
    """Unified schema not found. Run admin-create-unified-schema first."""

    code = "unified_schema_not_found"


class NotConfirmed(BadRequest):
    """Nothing was changed: send "confirmText": "{text}" to confirm."""

    code = "not_confirmed"
    fields = ("confirmText",)


class NothingToDo(BadRequest):
    """{reason}."""

    code = "nothing_to_do"


class NotSafeYet(Conflict):
    """Nothing was changed: {reason}."""

    code = "not_safe_yet"


class TablesSetAside(Conflict):
    """Nothing was migrated: {reason}."""

    code = "tables_set_aside"


class KeysUnreadable(Conflict):
    """Nothing was migrated; keys that cannot be opened: {unreadable} of {checked}. {advice}"""  # noqa: D415 the advice is a sentence

    code = "keys_unreadable"
    fields = ("acceptUnreadableKeys",)
