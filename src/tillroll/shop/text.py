"""How texts are folded, so that both stores match and sort them alike.

Folded columns are written by the services and by imports; a query folds what it is asked for and compares
plainly.
"""

import re
import unicodedata

_ORDER = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$"
_NOT_IN_KEY = re.compile(r"[^a-z0-9_\-]")
_SORT = {ord(" "): "\x01"} | {ord(mark): chr(2 + place) for place, mark in enumerate(_ORDER)}


def fold_case(text: str) -> str:
    """For e-mails, slugs, codes and purchase keys: the case of letters does not count."""
    return text.casefold()


def fold(text: str) -> str:
    """For searches: neither case nor accents count."""
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFKD", text)
    return "".join(mark for mark in spread if not unicodedata.combining(mark)).casefold()


def sort_key(text: str) -> bytes:
    """Bytes that sort as a shop's titles do: spaces, punctuation, symbols, digits, letters, without case and
    accents."""
    return fold(text).translate(_SORT).encode("utf-8", "surrogatepass")


def price_key(name: str) -> str:
    """A price option's name as the member of `pricing` ([3.6] 3.1): "Single Site" is singlesite."""
    lowered = "".join(chr(ord(mark) + 32) if "A" <= mark <= "Z" else mark for mark in name)
    return _NOT_IN_KEY.sub("", lowered)
