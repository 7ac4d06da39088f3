"""The rows of an INSERT as texts: many at a time by one pattern, one at a time where that does not fit.

The patterns are exact, not hopeful: where one does not match, nothing is skipped, the careful reader goes on.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from re import Match, Pattern

from tillroll.intake.wordpress.statements import is_cut, skip_statement
from tillroll.intake.wordpress.text import SqlText, get_codec, mend

Row = tuple[str | None, ...]
"""The values of a row as text, numbers too; NULL as None; binary ones decoded as UTF-8."""

BATCH = 500
"""Rows handed over at once, at most: a few hundred stay in the processor's cache, thousands are slower."""

_LONG_RUN = 8
"""Rows without escapes in a row from which on it pays to return to the quick pattern."""

_CAREFUL = 4
"""Rows read one by one before a pattern is made for the table: most of WordPress's tables are tiny."""

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "Z": "\x1a", "b": "\b", "%": "\\%", "_": "\\_"}
_SIMPLE = [(r"\"", '"'), (r"\'", "'"), *((f"\\{name}", _ESCAPES[name]) for name in "nrt0Zb"), ("\\", "")]
_ESCAPE = re.compile(r"\\(.)|''", re.DOTALL)
_DOUBLED = re.compile(r'\\(.)|""', re.DOTALL)

_BLANKS = re.compile(r"(?:\s++|/\*.*?\*/|--(?=\s)[^\n]*+\n|\#[^\n]*+\n)*+", re.DOTALL)
_VALUE = re.compile(
    r"""
    (?:_(?P<charset>\w++)\s*+|N(?='))?+
    (?: '(?P<single>[^'\\]*+(?:(?:\\.|'')[^'\\]*+)*+)'
      | "(?P<double>[^"\\]*+(?:(?:\\.|"")[^"\\]*+)*+)"
      | 0x(?P<hex>[0-9a-f]*+) | x'(?P<quoted_hex>[0-9a-f]*+)'
      | 0b(?P<bits>[01]++) | b'(?P<quoted_bits>[01]*+)' )
    | (?P<word>NULL|DEFAULT|TRUE|FALSE)\b
    | (?P<number>[-+]?\s*+(?:\d++\.?+\d*+|\.\d++)(?:e[-+]?+\d++)?+)
    """,
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_CUT_VALUE = re.compile(r"(?:_\w++\s*+|N)?+['\"]|[XB]'[0-9A-F]*+\Z", re.IGNORECASE)
_LONGEST_WORD = 100
_WORDS: dict[str, str | None] = {"null": None, "default": None, "true": "1", "false": "0"}
_TAIL = re.compile(r"(?:ON\s++DUPLICATE|AS)\b", re.IGNORECASE)


class _Cut(Exception):
    """The window ends within the row."""


class RowReader:
    """The rows of INSERTs that begin alike. `invalid` counts the values with bytes that were replaced."""

    def __init__(self, sql: SqlText, table: str, widths: tuple[int, ...], head: str, terminator: str) -> None:
        """`widths`: how many values a row may have; the first decides. `head`: an INSERT up to its rows."""
        self._sql = sql
        self._table = table
        self._widths = widths
        self._head = head
        self._terminator = terminator
        # as the last row that was read by itself had them
        self._quote = "'"
        self._comma = ","
        self._careful = _CAREFUL
        self._escaped_run = 1
        self._is_over = False
        self.width = widths[0]
        self.invalid = 0

    def read(self) -> Iterator[list[Row]]:
        """From an INSERT's first row on: lists of up to BATCH rows. Behind the last, the statement is read.

        INSERTs with the same head that follow at once are read along.
        """
        self._is_over = False
        while not self._is_over:
            if self._careful:
                self._careful -= 1
                yield [self._read_row()]
            else:
                yield self._read_run()

    def _read_run(self) -> list[Row]:
        """Rows by patterns: the quick one, and where escapes stop that, the other for as many as pays."""
        sql = self._sql
        rows: list[Row] = []
        while len(rows) < BATCH:
            plain = self._match_run(BATCH - len(rows), has_escapes=False)
            rows += plain
            self._escaped_run = 1 if len(plain) >= _LONG_RUN else min(2 * self._escaped_run, BATCH)
            escaped = self._match_run(min(self._escaped_run, BATCH - len(rows)), has_escapes=True)
            rows += [self._unescape_row(row) for row in escaped]
            if not plain and not escaped:
                break
        if not rows:
            return [self._read_row()]
        return [self._mend_row(row) for row in rows] if sql.has_bad_bytes else rows

    def _match_run(self, limit: int, *, has_escapes: bool) -> list[Row]:
        sql = self._sql
        style = (self._quote, self._comma, self._head, self._terminator)
        pattern = _get_pattern(self.width, *style, has_escapes=has_escapes)
        found = list(islice(pattern.finditer(sql.text, sql.pos), limit))
        if found and found[-1].lastindex is None:
            found.pop()
        if found:
            sql.pos = found[-1].end()
        return [row.groups() for row in found]

    def _unescape_row(self, row: Row) -> Row:
        quote = self._quote
        return tuple([_unescape(v, quote) if v and ("\\" in v or quote in v) else v for v in row])

    def _mend_row(self, row: Row) -> Row:
        return tuple([self._mend(v) if v and not v.isascii() else v for v in row])

    def _mend(self, value: str) -> str:
        mended = mend(value)
        if mended != value:
            self.invalid += 1
        return mended

    def _read_row(self) -> Row:
        """One row and what follows it, token by token."""
        sql = self._sql
        while True:
            try:
                return self._mend_row(self._try_row())
            except _Cut:
                if not sql.read_more():
                    what = f"breaks off within the rows of {self._table}"
                    raise sql.error(what, len(sql.text)) from None

    def _try_row(self) -> Row:
        sql = self._sql
        pos = self._skip_blanks(sql.pos)
        if sql.text[pos] != "(":
            raise sql.error(f"has something else where a row of {self._table} should begin", pos)
        values: list[str | None] = []
        while True:
            start = self._skip_blanks(pos + 1)
            if values:
                self._comma = sql.text[pos:start]
            value, pos = self._read_value(start)
            values.append(value)
            pos = self._skip_blanks(pos)
            if sql.text[pos] == ")":
                break
            if sql.text[pos] != ",":
                self._check_rest(pos)
                raise sql.error(f"has a value of {self._table} whose form is not known", pos)
        end = self._skip_blanks(pos + 1)
        self._check_width(values, pos)
        self._end_row(end)
        return tuple(values)

    def _end_row(self, end: int) -> None:
        sql = self._sql
        if sql.text[end] == ",":
            sql.pos = self._skip_blanks(end + 1)
            return
        if sql.text.startswith(self._terminator, end):
            sql.pos = end + len(self._terminator)
        elif sql.text.startswith("*/", end) or _TAIL.match(sql.text, end):
            sql.pos = end
            skip_statement(sql, self._terminator)
        else:
            self._check_rest(end)
            raise sql.error(f"has something else between the rows of {self._table}", end)
        self._is_over = True

    def _check_width(self, values: list[str | None], pos: int) -> None:
        if len(values) == self.width:
            self._widths = (self.width,)
        elif len(values) in self._widths:
            self.width = len(values)
            self._widths = (self.width,)
        else:
            what = f"has a row of {self._table} with {len(values)} values for {self.width} columns"
            raise self._sql.error(what, pos)

    def _skip_blanks(self, pos: int) -> int:
        found = _BLANKS.match(self._sql.text, pos)
        end = found.end() if found else pos
        if end == len(self._sql.text) or is_cut(self._sql.text, end):
            raise _Cut
        return end

    def _check_rest(self, pos: int) -> None:
        """What is not understood here may be the first half of a word that the window cuts."""
        if len(self._sql.text) - pos < _LONGEST_WORD:
            raise _Cut

    def _read_value(self, pos: int) -> tuple[str | None, int]:
        sql = self._sql
        found = _VALUE.match(sql.text, pos)
        if found is None:
            if _CUT_VALUE.match(sql.text, pos):
                raise _Cut
            self._check_rest(pos)
            raise sql.error(f"has a value of {self._table} whose form is not known", pos)
        return self._get_value(found), found.end()

    def _get_value(self, found: Match[str]) -> str | None:
        """The value that the token means. Bytes that are no text are kept as surrogates, to be mended."""
        kind = found.lastgroup or ""
        text = found[kind]
        if kind == "word":
            return _WORDS[text.lower()]
        if kind == "number":
            return "".join(text.split())
        if kind in ("bits", "quoted_bits"):
            return str(int(text or "0", 2))
        charset = found["charset"]
        if kind in ("hex", "quoted_hex"):
            digits = "0" * (len(text) % 2) + text
            return self._decode(bytes.fromhex(digits), charset or "binary")
        self._quote = "'" if kind == "single" else '"'
        value = _unescape(text, self._quote)
        if charset is None:
            return value
        return self._decode(value.encode(self._sql.codec, "surrogateescape"), charset)

    def _decode(self, data: bytes, charset: str) -> str:
        codec = get_codec(charset)
        if codec is None:
            what = f"has a value of {self._table} in the character set {charset}, which is not read"
            raise self._sql.error(what)
        return data.decode(codec, "surrogateescape")


@lru_cache(maxsize=256)
def _get_pattern(
    width: int, quote: str, comma: str, head: str, terminator: str, *, has_escapes: bool
) -> Pattern[str]:
    """Matches a whole row and the way to the next; or, with no group set, all that is left.

    A value's group holds what is between its quotes: the look-behinds tie its forms to the optional quote.
    """
    plain = f"[^{quote}\\\\]*+"
    text = rf"{plain}(?:(?:\\.|{quote}{quote}){plain})*+" if has_escapes else plain
    value = rf"(?:NULL|{quote}?+((?<={quote}){text}|(?<!{quote})[-+.0-9eE]++){quote}?+)"
    values = re.escape(comma).join([value] * width)
    onwards = rf"\s*+(?:,|{re.escape(terminator)}\s*+{re.escape(head)})\s*+"
    return re.compile(rf"\({values}\){onwards}|.++", re.DOTALL)


def _unescape(text: str, quote: str) -> str:
    """What stands between the quotes, as MySQL reads it: \\% and \\_ stay as they are, \\x is x."""
    if "\\" not in text:
        return text.replace(quote * 2, quote)
    if quote * 2 in text or "\\%" in text or "\\_" in text:
        return (_ESCAPE if quote == "'" else _DOUBLED).sub(_replace_escape, text)
    # a pair of backslashes is an escaped one, counted from the left: between such pairs each one escapes
    parts = text.split("\\\\")
    return "\\".join([_unescape_simple(part) if "\\" in part else part for part in parts])


def _unescape_simple(text: str) -> str:
    for escape, plain in _SIMPLE:
        text = text.replace(escape, plain)
        if "\\" not in text:
            break
    return text


def _replace_escape(found: Match[str]) -> str:
    escaped: str | None = found[1]
    return found[0][0] if escaped is None else _ESCAPES.get(escaped, escaped)
