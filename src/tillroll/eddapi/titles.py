"""Product titles as WordPress prints them: typographic quotes and dashes, and a word for what is not public.

v1 sales and the download log print titles so ([3.6] 3.4 and 3.8); everywhere else they are raw.
"""

import re
from functools import lru_cache

_TAG = re.compile(r"(<[^>]*>|\[[^\]]*\])")
_AMPERSAND = re.compile(r"&(?!#(?:\d+|x[0-9a-fA-F]+);|[A-Za-z][A-Za-z0-9]{1,7};)")
_OPENING = r"(?:^|(?<=[\s\"'(\[{<\-\u2013\u2014]))"

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\.\.\.", "&#8230;"),
        (r"``", "&#8220;"),
        (r"''", "&#8221;"),
        (r"\s\(tm\)", " &#8482;"),
        (r"---", "&#8212;"),
        (r"(?<=\s)--(?=\s)", "&#8212;"),
        (r"(?<!xn)--", "&#8211;"),
        (r"(?<=\s)-(?=\s)", "&#8211;"),
        (r"'(?=\d\d(?:&#8217;|'|s|[^\w%\"]|$))", "&#8217;"),
        (r"(?<=\d)'(?=\s|$|\)|,|\.)", "&#8242;"),
        (r"(?<=\d)\"(?=\s|$|\)|,|\.|x)", "&#8243;"),
        (_OPENING + "'", "&#8216;"),
        (r"'", "&#8217;"),
        (_OPENING + '"', "&#8220;"),
        (r'"', "&#8221;"),
        (r"\b(\d[\d.,]*)x(?=\d[\d.,]*\b)", r"\1&#215;"),
    )
)

_PREFIXES = {"private": "Private: "}


@lru_cache(maxsize=4096)
def display_title(title: str, status: str, is_protected: bool) -> str:
    """A title through WordPress' filters ([3.6] 3.4); tags and shortcodes inside it stay as they are."""
    prefix = "Protected: " if is_protected else _PREFIXES.get(status, "")
    parts = _TAG.split(prefix + title)
    parts[::2] = [_texturize(part) for part in parts[::2]]
    return "".join(parts).strip()


def _texturize(text: str) -> str:
    if text.isalnum():
        return text
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return _AMPERSAND.sub("&#038;", text)
