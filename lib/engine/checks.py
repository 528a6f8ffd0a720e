"""Checks of arguments: each error names the argument.

A boolean, an integer or a mask of another type is refused, never converted. A conversion would hide
a caller's mistake: `bool("false")` is true, and a mask of 0.0 and 1.0 selects other items when read
as indices. NaN is refused, too, since it passes every comparison that looks for numbers outside a
range.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .normal import FloatArray


def boolean(name: str, value: object) -> bool:
    """Return a Python or numpy boolean as `bool`.

    Raises:
        ValueError: If `value` is anything else, such as 1 or "false".
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(  # noqa: TRY004 - one error for all that is wrong with an argument
            f"{name} must be True or False, not {value!r}"
        )
    return bool(value)


def whole(name: str, value: object, least: int = 0) -> int:
    """Return an integer that is at least `least`.

    Raises:
        ValueError: If `value` is not an integer, such as 2.0 or True, or below `least`.
    """
    is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_integer or value < least:  # type: ignore[operator]
        raise ValueError(f"{name} must be an integer of {least} or more, not {value!r}")
    return int(value)  # type: ignore[call-overload, no-any-return]


def mask(name: str, values: ArrayLike, size: int) -> NDArray[np.bool_]:
    """Return a boolean mask of shape (size,).

    Raises:
        ValueError: If `values` has another type or shape.
    """
    array = np.asarray(values)
    if array.dtype != np.bool_ or array.shape != (size,):
        raise ValueError(
            f"{name} must be a mask of True and False, shape ({size},), not {array.dtype}"
            f" {array.shape}"
        )
    return array


def weights(name: str, values: ArrayLike, size: int) -> FloatArray:
    """Return weights of shape (size,), each finite and 0 or more, and not all 0.

    Raises:
        ValueError: If they are anything else.
    """
    array = np.asarray(values, float)
    if array.shape != (size,):
        raise ValueError(f"{name} must be ({size},), not {array.shape}")
    if not (np.isfinite(array).all() and (array >= 0).all() and array.any()):
        raise ValueError(f"{name} must be finite, 0 or more and not all 0")
    return array


def finite(name: str, values: ArrayLike) -> FloatArray:
    """Return finite numbers as an array of the same shape.

    Raises:
        ValueError: If one is NaN or infinite.
    """
    array = np.asarray(values, float)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite")
    return array


def indices(name: str, values: ArrayLike, size: int) -> NDArray[np.intp]:
    """Return integers from 0 to `size` - 1; an empty sequence has no type to check.

    Raises:
        ValueError: If they are not integers, such as 1.0 or True.
        IndexError: If one is outside the range.
    """
    array = np.asarray(values)
    if not np.issubdtype(array.dtype, np.integer) and array.size:
        raise ValueError(f"{name} must be integers, not {array.dtype}")
    if array.size and (array.min() < 0 or array.max() >= size):
        raise IndexError(f"{name} must lie between 0 and {size - 1}")
    return array.astype(np.intp)
