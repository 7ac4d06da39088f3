"""The sample answers of the two published pages, and what it means that an answer shows one.

Every member of a sample is in the answer, with its value and its JSON type; an answer may have more members.
"""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tillroll.access.digests import Pair

SEEDS = Path(__file__).parent / "seeds"

PAIR = Pair("c281cf0a95be875d9eeb284fb004c938", "5f9432f3ffa5945755ebc66179810d70")
"""Key and token of every request on both pages."""


def load_sample(name: str) -> Any:
    """A sample by its page's year and name, such as 2013/sales."""
    return json.loads((SEEDS / f"{name}.json").read_text("utf-8"))


def load_xml(name: str) -> ElementTree.Element:
    return ElementTree.fromstring((SEEDS / f"{name}.xml").read_text("utf-8"))  # noqa: S314 (our own file)


def assert_shows(answer: Any, sample: Any, *, is_whole: bool = True, path: str = "") -> None:
    """Compares as data; `is_whole` False lets the lists of an answer go on behind those of an excerpt."""
    if isinstance(sample, dict):
        assert isinstance(answer, dict), f"{path} is {answer!r}"
        for name, value in sample.items():
            assert name in answer, f"{path}.{name} is missing"
            if name == "request_speed":
                assert isinstance(answer[name], float), f"{name} is {answer[name]!r}"
            else:
                assert_shows(answer[name], value, is_whole=is_whole, path=f"{path}.{name}")
    elif isinstance(sample, list):
        assert isinstance(answer, list), f"{path} is {answer!r}"
        assert len(answer) == len(sample) if is_whole else len(answer) >= len(sample), f"{path}: {answer!r}"
        for place, value in enumerate(sample):
            assert_shows(answer[place], value, is_whole=is_whole, path=f"{path}[{place}]")
    else:
        assert (_json_type(answer), answer) == (_json_type(sample), sample), path


def _json_type(value: object) -> str:
    if value is None or isinstance(value, bool):
        return str(value)
    return "number" if isinstance(value, int | float) else type(value).__name__
