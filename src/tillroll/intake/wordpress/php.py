"""PHP's serialized values, as WordPress keeps them in options and metadata.

A dump is a stranger's text: no object is ever made of it, and its only error is PhpValueError.
"""

import math
import re
from typing import TypeAlias

import phpserialize

PhpValue: TypeAlias = "bool | int | float | str | dict[int | str, PhpValue] | None"
"""PHP's arrays are dicts, lists too: their keys are 0, 1, 2."""

_SNIPPET = 40

# what WordPress itself takes for a serialized value when it reads one
_SERIALIZED = re.compile(r'N;|s:[0-9]+:.*";|[aOE]:[0-9]+:.*[;}]|[bid]:[0-9.E+-]+;', re.DOTALL)
_WHITESPACE = " \t\n\r\0\x0b"  # what PHP's trim() takes away


class PhpValueError(ValueError):
    """A text that looks like a serialized value and is none."""


def unserialize(text: str) -> PhpValue:
    """The value that a text of WordPress's stands for: a text that is not serialized stands for itself.

    An object is given as a dict of its members. A value that was serialized twice is unpacked twice. Lengths
    are in bytes of UTF-8. Raises PhpValueError for one that is cut, or whose lengths are wrong.
    """
    if not _is_serialized(text):
        return text
    value = _parse(text)
    if isinstance(value, str) and _is_serialized(value):
        try:
            return _parse(value)
        except PhpValueError:
            return value
    return value


def as_map(value: PhpValue) -> dict[int | str, PhpValue]:
    """The value if it is an array; else an empty one, which PHP's forms leave as "" or false."""
    return value if isinstance(value, dict) else {}


def as_text(value: PhpValue) -> str:
    """The text that PHP prints: 1 for true, nothing for false, null and arrays, 14 digits of a float."""
    if isinstance(value, str):
        return value
    if value is None or value is False or isinstance(value, dict):
        return ""
    if value is True:
        return "1"
    return str(value) if isinstance(value, int) else _print_float(value)


def _is_serialized(text: str) -> bool:
    return _SERIALIZED.fullmatch(text.strip(_WHITESPACE)) is not None


def _parse(text: str) -> PhpValue:
    data = text.strip(_WHITESPACE)
    try:
        value: PhpValue = phpserialize.loads(
            data.encode("utf-8", "replace"),
            charset="utf-8",
            errors="replace",
            decode_strings=True,
            object_hook=_get_members,
            array_hook=_make_map,
        )
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise PhpValueError(f"a serialized PHP value can't be read, {_cut(data)}: {reason}") from None
    return value


def _make_map(pairs: list[tuple[object, PhpValue]]) -> dict[int | str, PhpValue]:
    members: dict[int | str, PhpValue] = {}
    for key, value in pairs:
        if isinstance(key, bool) or not isinstance(key, int | str):
            raise TypeError(f"an array has a key that is neither number nor text, {key!r}")
        members[key] = value
    return members


def _get_members(_name: str, members: dict[object, PhpValue]) -> dict[int | str, PhpValue]:
    """Private members are named NUL, class, NUL, name; protected ones have a star for the class."""
    plain = _make_map(list(members.items()))
    return {key.rpartition("\0")[2] if isinstance(key, str) else key: value for key, value in plain.items()}


def _print_float(number: float) -> str:
    if not math.isfinite(number):
        return "NAN" if math.isnan(number) else "INF" if number > 0 else "-INF"
    mantissa, mark, exponent = f"{number:.14G}".partition("E")
    if not mark:
        return mantissa
    return f"{mantissa}{'' if '.' in mantissa else '.0'}E{int(exponent):+d}"


def _cut(text: str) -> str:
    return ascii(text if len(text) <= _SNIPPET else text[:_SNIPPET] + "...")
