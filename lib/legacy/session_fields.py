"""The columns of public.sessions that a migration fills, and the rule for each.

The lists of columns in `sql/legacy/` are made from this table, so a new column of a session takes
one line here and one in `sql/workshop/schema/tables.sql`.
"""

from collections.abc import Mapping
from enum import StrEnum

from lib.workshop.course import COURSE


class Rule(StrEnum):
    """The value that a token's legacy rows, together with its stored session, give a column.

    Any row of student_configs counts as newer than all rows of workshop_students, and these count
    as newer than all rows of workshop_sessions.
    """

    FIRST_TIME = "first_times"  # the earliest
    LAST_TIME = "last_times"  # the latest
    CHOICE = "choices"  # true or false, from the newest row that has a value
    COUNTER = "counters"  # the greatest
    COMPUTED = "computed"  # from steps and flags; legacy values are ignored
    TEXT = "texts"  # from the newest row with text; API keys in it are replaced
    AUTHORED_TEXT = "authored_texts"  # like TEXT, but left exactly as the student wrote it
    API_KEY = "api_keys"  # from the newest row with a key; encrypted
    FLAG = "flags"  # once true, always true
    ARRAY_SETTING = "array_settings"  # a JSON array from the newest row that has elements
    OBJECT_SETTING = "object_settings"  # a JSON object from the newest row that has members
    LOG = "logs"  # the entries of all rows, each once
    EXERCISES = "exercises"  # merged step by step


SESSION_FIELDS: Mapping[str, Rule] = {
    "started_at": Rule.FIRST_TIME,
    "created_at": Rule.FIRST_TIME,
    "last_activity": Rule.LAST_TIME,
    "demo_mode": Rule.CHOICE,
    "current_step": Rule.COUNTER,
    "total_time_spent": Rule.COUNTER,
    "completion_rate": Rule.COMPUTED,
    **dict.fromkeys(COURSE.flags, Rule.FLAG),
    "repo_created": Rule.FLAG,
    "call_direction": Rule.TEXT,
    "selected_phone_number": Rule.TEXT,
    "tts_provider": Rule.TEXT,
    "selected_voice": Rule.TEXT,
    "websocket_url": Rule.TEXT,
    "codespace_url": Rule.TEXT,
    "github_repo_url": Rule.TEXT,
    "railway_url": Rule.TEXT,
    "ci_service_sid": Rule.TEXT,
    "use_case_description": Rule.AUTHORED_TEXT,
    "system_prompt": Rule.AUTHORED_TEXT,
    "ivr_greeting": Rule.AUTHORED_TEXT,
    "openai_api_key": Rule.API_KEY,
    "tools": Rule.ARRAY_SETTING,
    "voice_settings": Rule.OBJECT_SETTING,
    "bug_reports": Rule.LOG,
    "exercises": Rule.EXERCISES,
}

OTHER_COLUMNS: Mapping[str, str] = {
    "session_token": "identifies the session",
    "student_id": "found by the e-mail of the row",
    "github_username_given": "sent by our pages; the name in a legacy row is the student's",
    "twilio_account_given": "stated by our pages; the account of a login is the student's",
    "student_name_given": "the row's student_name, which is the student's name, too",
    "expires_at": "at least 24 hours after the migration, so that the session can be used",
    "updated_at": "the newest time in any row of the token",
    "is_active": "keeps its default: a migrated session is open",
    "version": "counts changes of the stored session",
    "help_asked_at": "set when a student asks for help in the workshop itself",
    "progressed_at": "written by a trigger",
    "emptied_fields": "written by a trigger",
    "course_id": "keeps its default: legacy rows are about the built-in course",
    "extra": "settings of the admin panel, from columns that only some databases have",
}
"""Columns of public.sessions without a rule, and the origin of their values."""


def _columns_with(*rules: Rule) -> tuple[str, ...]:
    return tuple(column for column, rule in SESSION_FIELDS.items() if rule in rules)


_TIMES = (Rule.FIRST_TIME, Rule.LAST_TIME)
_ARRAYS = (Rule.ARRAY_SETTING, Rule.LOG)
_OBJECTS = (Rule.OBJECT_SETTING, Rule.EXERCISES)

SESSION_LISTS: Mapping[str, tuple[str, ...]] = {
    **{rule.value: _columns_with(rule) for rule in Rule},
    "times": _columns_with(*_TIMES),
    "all_texts": _columns_with(Rule.TEXT, Rule.AUTHORED_TEXT),
    "booleans": _columns_with(Rule.CHOICE, Rule.FLAG),
    "settings": _columns_with(Rule.ARRAY_SETTING, Rule.OBJECT_SETTING),
    "arrays": _columns_with(*_ARRAYS),
    "objects": _columns_with(*_OBJECTS),
    "json": _columns_with(*_ARRAYS, *_OBJECTS),
    "comparable": _columns_with(*(rule for rule in Rule if rule not in {*_TIMES, Rule.API_KEY})),
    "fields": tuple(SESSION_FIELDS),
}
"""Columns by the name of their list in `sql/legacy/`; those in `comparable` have the same values in
a dry run and in the real run."""
