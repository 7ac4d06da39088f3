"""What an answer says beside its records: whether it is whole, and EDD's one error text."""

import msgspec

from tillroll.intake.remote.refused import PullRefused

_LONGEST = 200


class _Said(msgspec.Struct):
    error: str = ""


def is_json(content: bytes) -> bool:
    """Whether an answer is a whole JSON object, as all of EDD's are; not one that breaks off."""
    try:
        msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def get_error(content: bytes) -> str:
    """The error that EDD names, in one line; empty where there is none."""
    try:
        said = msgspec.json.decode(content, type=_Said).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return to_line(said)


def to_line(text: str) -> str:
    """What a shop says as one line of a bearable length, without what would move a terminal's cursor."""
    return "".join(mark if mark.isprintable() else " " for mark in text)[:_LONGEST].strip()


def refuse_form(what: str, error: msgspec.DecodeError) -> PullRefused:
    """For an answer that is not as EDD's are; msgspec names the member, and nothing of its value."""
    return PullRefused(f"The shop answers {what} in a form that EDD does not have: {error}.")
