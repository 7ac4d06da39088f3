"""What of an answer counts: its status and its data, JSON types included.

Left out are request_speed, the order of keys, and of products what belongs to WordPress' pages: info.image,
info.purchase_link and the HTML around info.price.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from xml.etree import ElementTree

_TAG = re.compile(r"<[^>]*>")
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)

ABSENT = "(absent)"
"""Stands in a difference where one of the two has no such member."""


class Round(NamedTuple):
    """When the round began whose records a mirror answers with, and the moment of the answer, both by the
    mirror's own clock."""

    began_at: datetime
    answered_at: datetime


@dataclass(frozen=True)
class Answer:
    """`data` is what JSON or XML said; None for a page or an empty body, which `kind` tells apart. `round` is
    a mirror's alone."""

    status: int
    kind: str
    data: Any = None
    missing_right: str = ""
    round: Round | None = None

    @property
    def error(self) -> str | None:
        error = self.data.get("error") if isinstance(self.data, dict) else None
        return error if isinstance(error, str) else None


class Difference(NamedTuple):
    """One place where two answers differ: the way to it and both values."""

    path: str
    theirs: Any
    ours: Any


def read_answer(status: int, content: bytes, missing_right: str = "", round: Round | None = None) -> Answer:
    """An answer as data. What can't be read is a page, whatever it said of itself."""
    text = content.strip()
    if not text:
        return Answer(status, "nothing", None, missing_right, round)
    if text.startswith((b"{", b"[")):
        try:
            # as numbers that other programs read too, so that 20 is 20.0 and 17 digits are the nearest number
            return Answer(status, "json", _normalise(json.loads(text)), missing_right, round)
        except (ValueError, RecursionError):
            return Answer(status, "page", None, missing_right, round)
    if text.startswith(b"<?xml") and not _DOCTYPE.search(text):
        try:
            root = ElementTree.fromstring(text)  # noqa: S314 (without a DOCTYPE it can't expand anything)
        except ElementTree.ParseError:
            return Answer(status, "page", None, missing_right, round)
        children = [_read_element(child) for child in root if child.tag != "request_speed"]
        return Answer(status, "xml", children, missing_right, round)
    return Answer(status, "page", None, missing_right, round)


def _normalise(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    data = {name: value for name, value in data.items() if name != "request_speed"}
    products = data.get("products")
    for product in products if isinstance(products, list) else ():
        info = product.get("info") if isinstance(product, dict) else None
        if isinstance(info, dict):
            info.pop("image", None)
            info.pop("purchase_link", None)
            if isinstance(info.get("price"), str):
                info["price"] = html.unescape(_TAG.sub("", info["price"]))
    return data


def _read_element(element: ElementTree.Element) -> list[Any]:
    children = [_read_element(child) for child in element]
    if element.tag == "info":
        children = [child for child in children if child[0] not in ("image", "purchase_link")]
        for child in children:
            if child[0] == "price" and isinstance(child[2], str):
                child[2] = html.unescape(_TAG.sub("", child[2]))
    return [element.tag, dict(element.attrib), children or (element.text or "")]


def is_same(theirs: Any, ours: Any) -> bool:
    """Whether two data are the same, in JSON's types: 1 is 1.0, and neither is true or "1"."""
    return next(list_differences(theirs, ours), None) is None


def is_same_answer(theirs: Answer, ours: Answer) -> bool:
    return (theirs.status, theirs.kind) == (ours.status, ours.kind) and is_same(theirs.data, ours.data)


def list_differences(theirs: Any, ours: Any, path: str = "") -> Iterator[Difference]:
    """Each place where two data differ, in the order of theirs."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in [*theirs, *(name for name in ours if name not in theirs)]:
            place = f"{path}.{name}" if path else str(name)
            yield from list_differences(theirs.get(name, ABSENT), ours.get(name, ABSENT), place)
    elif isinstance(theirs, list) and isinstance(ours, list):
        for index in range(max(len(theirs), len(ours))):
            yield from list_differences(
                theirs[index] if index < len(theirs) else ABSENT,
                ours[index] if index < len(ours) else ABSENT,
                f"{path}[{index}]",
            )
    elif _type(theirs) != _type(ours) or theirs != ours:
        yield Difference(path, theirs, ours)


def _type(value: Any) -> type:
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def compare_answers(theirs: Answer, ours: Answer) -> list[Difference]:
    """Where two answers differ, the status first; the data only where both have some of the same kind."""
    found = []
    if theirs.status != ours.status:
        found.append(Difference("status", theirs.status, ours.status))
    if theirs.kind != ours.kind:
        return [*found, Difference("body", _show_kind(theirs), _show_kind(ours))]
    if theirs.kind == "xml":
        return [*found, *_list_tree_differences(theirs.data, ours.data)]
    return [*found, *list_differences(theirs.data, ours.data)]


def _list_tree_differences(theirs: list[Any], ours: list[Any], path: str = "") -> Iterator[Difference]:
    """As above for elements, each named by its tag and its place among those beside it."""
    for index in range(max(len(theirs), len(ours))):
        there = theirs[index] if index < len(theirs) else None
        here = ours[index] if index < len(ours) else None
        place = f"{path}/{(there or here or [''])[0]}[{index + 1}]"
        if there is None or here is None or there[:2] != here[:2]:
            yield Difference(place, ABSENT if there is None else there, ABSENT if here is None else here)
        elif isinstance(there[2], list) and isinstance(here[2], list):
            yield from _list_tree_differences(there[2], here[2], place)
        elif there[2] != here[2]:
            yield Difference(place, there[2], here[2])


def show_text(text: str) -> str:
    """A shop's text for a terminal or a line: what would steer either is written out, as JSON would."""
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))


def _show_kind(answer: Answer) -> Any:
    if answer.error is not None:
        return {"error": answer.error}
    return {"json": "JSON", "xml": "XML", "page": "a page", "nothing": "nothing"}[answer.kind]
