"""Product titles as WordPress prints them: typographic quotes and dashes, and a word for what is not public.

v1 sales and the download log print titles so ([3.6] 3.4 and 3.8); everywhere else they are raw.
"""

import re
from functools import lru_cache

_TAG = re.compile(r"(<[^>]*>|\[[^\]]*\])")
_AMPERSAND = re.compile(r"&(?!#(?:[0-9]+|x[0-9a-f]+);|[a-z1-4]{1,8};)", re.IGNORECASE)

_SPACE = "[ \r\n\t\u00a0]"
_BEHIND = rf"(?:^|(?<={_SPACE}))"
_BEFORE = rf"(?=$|{_SPACE})"

_CONTRACTIONS = (
    "'tain't",
    "'twere",
    "'twas",
    "'tis",
    "'twill",
    "'til",
    "'bout",
    "'nuff",
    "'round",
    "'cause",
    "'em",
)
"""Words that begin with an apostrophe, not with a quote."""

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\.\.\.", "&#8230;"),
        (r"``", "&#8220;"),
        (r"''", "&#8221;"),
        (r" \(tm\)", " &#8482;"),
        # a year or an amount behind a quote: '99, '0.42'
        (r"'(?=\d\d(?:$|(?![%\d]|[.,]\d)))", "&#8217;"),
        (rf"{_BEHIND}'(\d[.,\d]*)'", r"&#8216;\1&#8217;"),
        # an opening quote, an apostrophe inside a word, a foot, and what is left closes
        (rf"(?:{_BEHIND}|(?<=[(\[{{\"\-]))'", "&#8216;"),
        (rf"(?<!{_SPACE})'(?!$|{_SPACE}|[.,:;!?\"'(){{}}\[\]\-])", "&#8217;"),
        (r"(?<=\d)'", "&#8242;"),
        (r"'", "&#8217;"),
        (rf"{_BEHIND}\"(\d[.,\d]*)\"", r"&#8220;\1&#8221;"),
        (rf"(?:{_BEHIND}|(?<=[(\[{{\-])|(?<=&#8216;))\"(?!{_SPACE})", "&#8220;"),
        (r"(?<=\d)\"(?![^\"]*&#8220;)(?!.*\")", "&#8243;"),
        (r"\"", "&#8221;"),
        (r"---", "&#8212;"),
        (rf"{_BEHIND}--{_BEFORE}", "&#8212;"),
        (r"(?<!xn)--", "&#8211;"),
        (rf"{_BEHIND}-{_BEFORE}", "&#8211;"),
        # a multiplication, but no hexadecimal number
        (r"\b((?!0x)\d[\d.,]*)x(\d[\d.,]*)\b", r"\1&#215;\2"),
    )
)

_PREFIXES = {"private": "Private: "}


@lru_cache(maxsize=4096)
def display_title(title: str, status: str, is_protected: bool) -> str:
    """A title through WordPress' filters ([3.6] 3.4); tags and shortcodes inside it stay as they are."""
    prefix = "Protected: " if is_protected else _PREFIXES.get(status, "")
    parts = _TAG.split(prefix + title)
    parts[::2] = [_texturize(part) for part in parts[::2]]
    return "".join(parts).strip().replace("Wordpress", "WordPress")


def _texturize(text: str) -> str:
    for word in _CONTRACTIONS:
        text = text.replace(word, word.replace("'", "&#8217;"))
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return _AMPERSAND.sub("&#038;", text)
