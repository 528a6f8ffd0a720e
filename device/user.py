"""The one user of a device, as the server describes them at the first log-in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from device.values import USER, read_value, write_value
from lib.learning.tables import Class, StudentProfile, User
from lib.learning.tables.closed_lists import Role
from lib.web.wire import UtcTime

_time: TypeAdapter[datetime] = TypeAdapter(UtcTime)


@dataclass(frozen=True)
class DeviceUser:
    """The user of a device."""

    id: UUID
    student_id: UUID
    username: str


def read_device_user(db: Session) -> DeviceUser | None:
    """Return the user of the device; None before the first log-in."""
    user_value = read_value(db, USER)
    if user_value is None:
        return None
    return DeviceUser(
        UUID(user_value["id"]), UUID(user_value["student_id"]), user_value["username"]
    )


@dataclass(frozen=True)
class UserDetails:
    """A student as the server's responses describe them."""

    user_id: UUID
    me: Mapping[str, Any]
    """Body of `GET /api/auth/me`."""
    profile: Mapping[str, Any]
    """Body of `GET /api/learning/profile`."""
    classes: Mapping[str, Any]
    """Body of `GET /api/learning/classes`."""


def store_user(db: Session, details: UserDetails, now: datetime) -> DeviceUser:
    """Store the user, the profile and the class, where they are missing.

    Existing rows are left to synchronisation, since they may have changes made on the device.
    """
    student_id = UUID(details.profile["id"])
    user = DeviceUser(details.user_id, student_id, str(details.me["username"]))
    times = {"created_at": _time.validate_python(details.me["created_at"]), "updated_at": now}
    _add(
        db,
        User,
        {
            "id": user.id,
            "former_id": _number(details.me["id"]),
            "username": user.username,
            "role": Role.STUDENT.value,
            "last_login": now,
            **times,
        },
    )
    class_id = details.profile["class_id"]
    if class_id is not None:
        store_classes(db, details.classes, now)
    _add(db, StudentProfile, _profile_row(details, user, times))
    content = {"id": str(user.id), "student_id": str(student_id), "username": user.username}
    write_value(db, USER, content)
    return user


def store_classes(db: Session, classes: Mapping[str, Any], now: datetime) -> None:
    """Store the classes of a response where they are missing, without their other students."""
    for each in classes["classes"]:
        row = {"id": UUID(each["id"]), "name": each["name"], "grade": each["grade"]}
        _add(db, Class, {**row, "created_at": now, "updated_at": now})


def _profile_row(
    details: UserDetails, user: DeviceUser, times: Mapping[str, datetime]
) -> dict[str, Any]:
    profile = details.profile
    exam_date = profile["exam_date"]
    live = details.me["student_profile"] or {}
    return {
        "id": user.student_id,
        "former_id": _number(live.get("id")),
        "user_id": user.id,
        "grade": profile["grade"],
        "target_exam": profile["target_exam"],
        "exam_date": None if exam_date is None else _time.validate_python(exam_date),
        "available_hours_per_day": profile["available_hours_per_day"],
        "class_id": None if profile["class_id"] is None else UUID(profile["class_id"]),
        **times,
    }


def _add(db: Session, table: Any, row: Mapping[str, Any]) -> None:
    db.execute(insert(table).values(**row).on_conflict_do_nothing())


def _number(live_id: object) -> int | None:
    """Return the number of a row that came from the live system; None for any other row."""
    return live_id if isinstance(live_id, int) else None
