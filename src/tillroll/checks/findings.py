"""What a check finds."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    FINE = "fine"
    NOTE = "note"
    WRONG = "wrong"


class Finding(NamedTuple):
    """`advice` is empty when nothing needs to be done."""

    about: str
    state: State
    found: str
    advice: str = ""


Check = Callable[[], Iterator[Finding]]
