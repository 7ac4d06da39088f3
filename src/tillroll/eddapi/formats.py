"""The two wire formats, whole and in pieces ([3.6] 4, [CONTRACT] Formats).

A body is encoded once, without `request_speed`; that is put behind it when the answer leaves, so that a
cached body is never encoded again.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum

import msgspec

from tillroll.eddapi.xml import DayMap, append_xml_speed, encode_xml, stream_xml, to_builtins

__all__ = ["DayMap", "Format", "append_speed", "encode_json", "encode_xml", "stream_json", "stream_xml"]

_INDENT = b"    "
_SURROGATE = re.compile("[\ud800-\udfff]")
_encoder = msgspec.json.Encoder()


class Format(StrEnum):
    """A value of the parameter `format`."""

    JSON = "json"
    XML = "xml"

    @property
    def content_type(self) -> str:
        """The header's value. JSON goes without a charset: a client refuses anything behind it."""
        return "application/json" if self is Format.JSON else "application/xml; charset=UTF-8"


def encode_json(answer: Mapping[str, object], *, pretty: bool = False) -> bytes:
    """Compact JSON, or indented by 4. A lone surrogate, which UTF-8 can't carry, becomes U+FFFD."""
    body = _encode(answer)
    if not pretty:
        return body
    # The empty object gets its line break by hand: append_speed knows a pretty body by it.
    return b"{\n}" if body == b"{}" else msgspec.json.format(body, indent=4)


def append_speed(body: bytes, seconds: float, fmt: Format) -> bytes:
    """The encoded body with request_speed as its last member; only the end of the body is read."""
    if fmt is Format.XML:
        return append_xml_speed(body, seconds)
    speed = _encoder.encode(seconds)
    if body.endswith(b"\n}"):  # pretty: inside compact JSON a line feed is always escaped
        rest = body[:-2]
        return b"%b%b\n%b%b: %b\n}" % (
            rest,
            b"" if rest == b"{" else b",",
            _INDENT,
            b'"request_speed"',
            speed,
        )
    return b'%b%b"request_speed":%b}' % (body[:-1], b"" if body == b"{}" else b",", speed)


def stream_json(
    key: str, batches: Iterable[list[object]], get_seconds: Callable[[], float], *, pretty: bool = False
) -> Iterator[bytes]:
    """The answer `{key: all items}` with its request_speed, piece by piece; get_seconds is asked at the end.

    Joined, the pieces are what encode_json and append_speed make of the whole. If a batch fails, the last
    piece is missing, and with it request_speed.
    """
    yield b"{\n%b%b: [" % (_INDENT, _encode(key)) if pretty else b"{%b:[" % _encode(key)
    comma = b""
    for batch in batches:
        if batch:
            items = _encode(batch)
            yield comma + (_indent_items(items) if pretty else items[1:-1])
            comma = b","
    tail = b"]}"
    if pretty:
        tail = b"\n%b]\n}" % _INDENT if comma else b"]\n}"
    yield append_speed(tail, get_seconds(), Format.JSON)


def _indent_items(items: bytes) -> bytes:
    """The inside of an encoded list, indented as the items of a member of the answer."""
    lines = msgspec.json.format(items, indent=4).removeprefix(b"[").removesuffix(b"\n]")
    return lines.replace(b"\n", b"\n" + _INDENT)


def _encode(value: object) -> bytes:
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return _encoder.encode(_replace_surrogates(to_builtins(value)))


def _replace_surrogates(value: object) -> object:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_replace_surrogates(key): _replace_surrogates(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_replace_surrogates(item) for item in value]
    return value
