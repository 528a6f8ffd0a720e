"""Validity of tokens and codes by time and user; on Postgres and SQLite alike."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from lib.access.user_tokens import read_token
from lib.deps import Deps
from lib.errors import TokenRefused
from lib.framework import Request
from lib.learning.accounts.change_password import change_password, reset_password
from lib.learning.accounts.invite import invite
from lib.learning.accounts.log_in import log_in, log_out, read_me
from lib.learning.accounts.register import register
from lib.learning.accounts.tokens import refresh
from lib.learning.accounts.wire import (
    ChangePasswordIn,
    InviteIn,
    RegisterIn,
    ResetPasswordIn,
    TokensOut,
)
from lib.learning.current_user import get_call
from lib.learning.errors import InvitationRefused, LogInRefused, RefreshRefused
from lib.learning.tables.closed_lists import Role
from tests.learning.school import PASSWORD, School

SECOND = timedelta(seconds=1)
NEW = "a better password"


def token_of(school: School, name: str, now: datetime | None = None) -> str:
    return log_in(school.db, name, PASSWORD, school.settings, now or school.now).refresh_token


def test_refresh_token_is_valid_for_90_days_from_the_last_use(school: School) -> None:
    school.user("ann")
    end = school.now + timedelta(days=90)
    first_token = token_of(school, "ann")
    with pytest.raises(RefreshRefused):
        refresh(school.db, first_token, school.settings, end)
    second_token = refresh(school.db, first_token, school.settings, end - SECOND).refresh_token
    with pytest.raises(RefreshRefused):
        refresh(school.db, second_token, school.settings, end - SECOND + timedelta(days=90))
    assert refresh(school.db, second_token, school.settings, end + SECOND)


@pytest.mark.parametrize("hours", [1, 720])
def test_invitation_is_valid_for_the_hours_that_were_asked_for(
    school: School, deps_of_both: Deps, hours: int
) -> None:
    invitation = invite(school.db, InviteIn(role=Role.TEACHER, valid_hours=hours), deps_of_both)
    validity = invitation.expires_at - deps_of_both.clock()
    assert timedelta(hours=hours) - timedelta(minutes=1) < validity <= timedelta(hours=hours)
    body = RegisterIn(username="tea", password=PASSWORD, role=Role.TEACHER,
                      invitation=invitation.code)  # fmt: skip
    for now in (invitation.expires_at, invitation.expires_at + SECOND):
        with pytest.raises(InvitationRefused):
            register(school.db, body, school.settings, now, by_operator=False)
    now = invitation.expires_at - SECOND
    assert register(school.db, body, school.settings, now, by_operator=False)


@pytest.mark.parametrize("role", [Role.STUDENT, Role.TEACHER, Role.ADMIN])
def test_password_of_any_role_is_reset(school: School, deps_of_both: Deps, role: Role) -> None:
    school.user("ann", role)
    code = invite(school.db, InviteIn(username="ann"), deps_of_both).code
    body = ResetPasswordIn(username="ann", code=code, new_password=NEW)
    assert reset_password(school.db, body, school.settings, deps_of_both.clock()).user.role is role
    with pytest.raises(LogInRefused):
        token_of(school, "ann")
    assert log_in(school.db, "ann", NEW, school.settings, school.now)


def end_by_change(school: School, _token: str) -> None:
    body = ChangePasswordIn(current_password=PASSWORD, new_password=NEW)
    change_password(school.call("ann"), body, school.settings)


def end_by_log_out(school: School, token: str) -> None:
    log_out(school.call("ann"), token)


def end_by_second_use(school: School, token: str) -> None:
    refresh(school.db, token, school.settings, school.now)
    with pytest.raises(RefreshRefused):
        refresh(school.db, token, school.settings, school.now)


@pytest.mark.parametrize(
    ("end", "other_log_in_ends"),
    [(end_by_change, True), (end_by_log_out, False), (end_by_second_use, False)],
)
def test_end_of_a_log_in_leaves_the_tokens_of_other_users_valid(
    school: School, end: Any, other_log_in_ends: bool
) -> None:
    for name in ("ann", "bob"):
        school.user(name)
    here, elsewhere, bobs = (token_of(school, name) for name in ("ann", "ann", "bob"))
    end(school, here)
    with pytest.raises(RefreshRefused):
        refresh(school.db, here, school.settings, school.now)
    assert refresh(school.db, bobs, school.settings, school.now)
    if other_log_in_ends:
        with pytest.raises(RefreshRefused):
            refresh(school.db, elsewhere, school.settings, school.now)
    else:
        assert refresh(school.db, elsewhere, school.settings, school.now)


def change(school: School, _deps: Deps) -> TokensOut:
    body = ChangePasswordIn(current_password=PASSWORD, new_password=NEW)
    return change_password(school.call("ann"), body, school.settings)


def reset(school: School, deps: Deps) -> TokensOut:
    code = invite(school.db, InviteIn(username="ann"), deps).code
    body = ResetPasswordIn(username="ann", code=code, new_password=NEW)
    return reset_password(school.db, body, school.settings, school.now)


@pytest.mark.parametrize("end", [change, reset])
def test_new_password_ends_log_ins_that_began_after_the_call(
    school: School, deps_of_both: Deps, end: Any
) -> None:
    """The call begins before the log-ins and a refresh, which lock the account first."""
    school.now = deps_of_both.clock()
    school.user("ann")
    at_once, later = (
        log_in(school.db, "ann", PASSWORD, school.settings, school.now + wait)
        for wait in (timedelta(), timedelta(milliseconds=100))
    )
    refreshed = refresh(school.db, later.refresh_token, school.settings, school.now + SECOND)
    mine = end(school, deps_of_both)
    for ended in (at_once, later, refreshed):
        with pytest.raises(TokenRefused):
            call_with(ended, school, deps_of_both)
    # Later tokens are valid from the change of the password on, although these calls began before.
    log_in_again = log_in(school.db, "ann", NEW, school.settings, school.now)
    refreshed_again = refresh(school.db, mine.refresh_token, school.settings, school.now)
    for tokens in (mine, log_in_again, refreshed_again):
        assert call_with(tokens, school, deps_of_both).user.username == "ann"


def call_with(tokens: TokensOut, school: School, deps: Deps) -> Any:
    claims = read_token(tokens.access_token, school.settings, school.now)
    request = Request({"type": "http", "state": {"claims": claims}})
    return get_call(request, school.db, deps)


def test_account_shows_its_registration_and_the_time_of_the_last_log_in(school: School) -> None:
    ann = school.user("ann", exam_date="2027-06-01", available_hours_per_day=1.5)
    later = school.now + timedelta(hours=1)
    token_of(school, "ann", later)
    me = read_me(school.call("ann"))
    assert (me.created_at, me.last_login) == (school.now, later)
    profile = me.student_profile
    assert profile is not None
    assert (profile.id, profile.grade, profile.target_exam) == (ann.user.student_id, 10, "Finals")
    assert (profile.available_hours_per_day, f"{profile.exam_date:%F}") == (1.5, "2027-06-01")
