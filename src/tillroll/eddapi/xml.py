"""An answer as XML, by EDD's mapping of maps and lists to elements ([3.6] 4.2, [CONTRACT] Formats).

Never fails and always parses, whatever names and texts the records hold: a name that is no XML name becomes
`<item key="...">`, a character that XML forbids becomes U+FFFD. The same data as in JSON, but for the types.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from math import isfinite

import msgspec

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<edd>'
_TAIL = "</edd>"

_LETTERS = (
    "A-Za-z_"
    "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e"  # Latin
    "\u0391-\u03a1\u03a3-\u03ce\u0401-\u040c\u040e-\u044f\u0451-\u045c"  # Greek, Cyrillic
    "\u05d0-\u05ea\u0621-\u063a\u0641-\u064a"  # Hebrew, Arabic
    "\u3041-\u3094\u30a1-\u30fa\u4e00-\u9fa5\uac00-\ud7a3"  # kana, Han, Hangul
)
"""What a name may begin with: letters of every edition of XML 1.0, since parsers differ over the rest."""

_NAME = re.compile(f"[{_LETTERS}][{_LETTERS}0-9.-]*")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"})
_IN_ATTRIBUTE = _IN_TEXT | str.maketrans({"\t": "&#9;", "\n": "&#10;"})


class DayMap(dict[str, float]):
    """A figure for each day, by "YYYYMMDD": a plain object in JSON, `<day date="...">` elements in XML."""


def encode_xml(answer: Mapping[str, object]) -> bytes:
    """The declaration, a line feed and `<edd>...</edd>`, in UTF-8.

    A list repeats its element, and so does a map that has integer keys alone, as PHP can't tell the two
    apart; an empty one leaves an empty element.
    """
    out = [_HEAD]
    for name, value in answer.items():
        _write_member(out, name, value)
    out.append(_TAIL)
    return "".join(out).encode()


def append_xml_speed(body: bytes, seconds: float) -> bytes:
    """The body with `<request_speed>` as its last element; only the end of the body is read."""
    member = f"<request_speed>{format_float(seconds)}</request_speed>{_TAIL}"
    return body.removesuffix(_TAIL.encode()) + member.encode()


def stream_xml(
    key: str, batches: Iterable[list[object]], get_seconds: Callable[[], float]
) -> Iterator[bytes]:
    """The answer `{key: all items}` with its request_speed, in pieces; get_seconds is asked at the end."""
    yield _HEAD.encode()
    is_empty = True
    for batch in batches:
        if batch:
            out: list[str] = []
            _write_member(out, key, batch)
            yield "".join(out).encode()
            is_empty = False
    start, end = _get_tags(key)
    tail = f"{start}{end}{_TAIL}" if is_empty else _TAIL
    yield append_xml_speed(tail.encode(), get_seconds())


def format_float(number: float) -> str:
    """A float in 14 significant digits as PHP prints it: 0.3, 20, 1.0E+25; "" for nan and infinity."""
    if not isfinite(number):
        return ""
    digits, _, exponent = f"{number:.14G}".partition("E")
    if not exponent:
        return digits
    point = "" if "." in digits else ".0"
    return f"{digits}{point}E{exponent[0]}{exponent[1:].lstrip('0')}"


def to_builtins(value: object) -> object:
    """Decimals, times, structs and ready-made JSON, at any depth, as the plain values they are in JSON."""
    plain: object = msgspec.to_builtins(value, enc_hook=_decode_raw)
    return plain


def _decode_raw(value: object) -> object:
    if isinstance(value, msgspec.Raw):
        return msgspec.json.decode(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer.")


def _write_member(out: list[str], name: str, value: object) -> None:
    value = _to_plain(value)
    start, end = _get_tags(name)
    if isinstance(value, list | tuple) and value:
        for item in value:
            _write_element(out, start, end, item)
    elif isinstance(value, dict) and value and not isinstance(value, DayMap) and _is_numbered(value):
        for item in value.values():
            _write_element(out, start, end, item)
    else:
        _write_element(out, start, end, value)


def _write_element(out: list[str], start: str, end: str, value: object) -> None:
    """One element. What is inside it keeps its keys; the items of a list inside a list are `<item>`."""
    value = _to_plain(value)
    out.append(start)
    if isinstance(value, DayMap):
        for day, figure in value.items():
            _write_element(out, f'<day date="{_escape(str(day), _IN_ATTRIBUTE)}">', "</day>", figure)
    elif isinstance(value, dict):
        for name, member in value.items():
            _write_member(out, name, member)
    elif isinstance(value, list | tuple):
        for item in value:
            _write_element(out, "<item>", "</item>", item)
    else:
        out.append(_format_scalar(value))
    out.append(end)


def _to_plain(value: object) -> object:
    if value is None or isinstance(value, str | int | float | dict | list | tuple):
        return value
    return to_builtins(value)


def _format_scalar(value: object) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, float):
        return format_float(value)
    return _escape(str(value), _IN_TEXT)


def _is_numbered(members: Mapping[object, object]) -> bool:
    return all(isinstance(key, int) or _INTEGER.fullmatch(str(key)) for key in members)


@lru_cache(maxsize=1024)
def _get_tags(name: object) -> tuple[str, str]:
    text = str(name)
    if _NAME.fullmatch(text):
        return f"<{text}>", f"</{text}>"
    return f'<item key="{_escape(text, _IN_ATTRIBUTE)}">', "</item>"


def _escape(text: str, table: Mapping[int, str]) -> str:
    return _FORBIDDEN.sub("\ufffd", text).translate(table)
