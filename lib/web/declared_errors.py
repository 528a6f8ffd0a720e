"""The errors that each operation can respond with, for the API's description.

A handler and its dependencies declare theirs with `lib.errors.raises`. Those that every operation
of a kind can raise are added here. The test suite's HTTP clients compare the errors that they
receive with this list; see tests/support/declared_errors.py.
"""

from collections.abc import Iterator

from lib.access.endpoint import WRITING, Access, Endpoint
from lib.database.errors import OF_A_TRANSACTION
from lib.deps import get_deps
from lib.errors import (
    AppError,
    Busy,
    CalledFromAnotherSite,
    DatabaseReadOnly,
    DatabaseUnavailable,
    FieldMissing,
    InstructorRefused,
    InvalidInput,
    JsonRefused,
    MisspeltField,
    NotConfigured,
    NotJson,
    RoleRefused,
    SchemaMissing,
    TokenRefused,
    TooLarge,
    TooManyAttempts,
    TooManyWrites,
    Unauthenticated,
    UnstorableText,
    UnsupportedMediaType,
    UnusableSetting,
)
from lib.framework import APIRoute, Dependant

Errors = frozenset[type[AppError]]

OF_EVERY_OPERATION: Errors = frozenset({AppError})
OF_A_BODY: Errors = frozenset({FieldMissing, JsonRefused, NotJson, TooLarge, UnsupportedMediaType})
OF_INPUT: Errors = frozenset({InvalidInput})
OF_SETTINGS: Errors = frozenset({NotConfigured, UnusableSetting})
OF_THE_DATABASE: Errors = frozenset(
    {
        Busy,
        DatabaseReadOnly,
        DatabaseUnavailable,
        SchemaMissing,
        UnstorableText,
        *OF_SETTINGS,
    }
)
OF_PASSWORDS: Errors = frozenset(
    {
        CalledFromAnotherSite,
        MisspeltField,
        Unauthenticated,
        TooManyAttempts,
        *OF_A_TRANSACTION,
        *OF_THE_DATABASE,
    }
)
OF_ACCESS: dict[Access, Errors] = {
    Access.INSTRUCTOR: OF_PASSWORDS,
    Access.OPERATOR: OF_PASSWORDS | {InstructorRefused},
    Access.CRON: frozenset({Unauthenticated, *OF_SETTINGS, *OF_A_TRANSACTION}),
    Access.USER: frozenset({TokenRefused, *OF_SETTINGS}),
    Access.TEACHER: frozenset({RoleRefused, TokenRefused, *OF_SETTINGS}),
}
_OF_PARAMETERS = OF_EVERY_OPERATION | OF_INPUT | OF_THE_DATABASE
COMMON: dict[str, Errors] = {
    "": _OF_PARAMETERS | OF_A_BODY,
    "Parameter": _OF_PARAMETERS,
    "Operator": _OF_PARAMETERS | OF_A_BODY | OF_ACCESS[Access.OPERATOR],
    "OperatorParameter": _OF_PARAMETERS | OF_ACCESS[Access.OPERATOR],
}
"""The errors of operations that declare none, by a prefix for the names of their schemas."""


def errors_of(route: APIRoute, endpoint: Endpoint) -> Errors:
    """Return the errors of an operation."""
    dependants = list(_dependants(route.dependant))
    has_parameters = any(
        (each.path_params, each.query_params, each.header_params) != ([], [], [])
        for each in dependants
    )
    errors = set(OF_EVERY_OPERATION | OF_ACCESS.get(endpoint.access, frozenset()))
    if endpoint.limit is not None and WRITING & (route.methods or set()):
        errors.add(TooManyWrites)
    if endpoint.calls_per_minute is not None:
        errors.add(TooManyWrites)
    if route.body_field is not None:
        errors |= OF_A_BODY
    if route.body_field is not None or has_parameters:
        errors |= OF_INPUT
    for each in dependants:
        errors.update(getattr(each.call, "declared_errors", ()))
        if each.call is get_deps:
            errors |= OF_THE_DATABASE
    return frozenset(errors)


def by_status(errors: Errors) -> dict[int, list[type[AppError]]]:
    """Return errors by status and code, in ascending order; one error for each code."""
    one_for_each_code = {
        (error.status, error.code): error
        for error in sorted(errors, key=lambda error: error.__name__, reverse=True)
    }
    statuses: dict[int, list[type[AppError]]] = {}
    for (status, _), error in sorted(one_for_each_code.items(), key=lambda item: item[0]):
        statuses.setdefault(status, []).append(error)
    return statuses


def _dependants(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _dependants(inner)
