"""Errors of the schema's scripts."""

from lib.database.statements import register_reason
from lib.errors import Conflict


class SchemaNeedsDecision(Conflict):
    """{reason} Nothing was changed."""

    code = "schema_needs_decision"


register_reason("schema_needs_decision", lambda reason: SchemaNeedsDecision(reason=reason))
