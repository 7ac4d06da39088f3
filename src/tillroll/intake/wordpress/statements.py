"""Where an SQL statement of MySQL's dialect begins and ends, and what the few that matter say.

A conditional comment (/*!40101 ... */) counts as its content, whatever the version: both its ends are blanks.
"""

import re
from functools import lru_cache
from re import Pattern
from typing import NamedTuple

from tillroll.intake.wordpress.source import DumpError
from tillroll.intake.wordpress.text import SqlText

_LINE_COMMENT = r"--(?=\s)[^\n]*+\n|\#[^\n]*+\n"
# a backslash behind the version is for MariaDB's client, no SQL: /*M!999999\- enable the sandbox mode */
_CONDITION = r"/\*M?!\d*+(?!\\)"
_COMMENT = r"/\*.*?\*/"
_SINGLE = r"'[^'\\]*+(?:\\.[^'\\]*+)*+'"
_DOUBLE = r'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_NAME = r"""(?:`(?:[^`]|``)*+`|"(?:[^"]|"")*+"|[^\s`"'(),;.=/*\#]++)"""
_BLANK = r"(?:\s++|/\*(?!M?!).*?\*/)*+"

_GAP = re.compile(rf"(?:[\s;]++|\*/|{_CONDITION}|{_COMMENT}|{_LINE_COMMENT})*+", re.DOTALL)
_CUT = re.compile(r"--?\Z|--\s[^\n]*+\Z|\#[^\n]*+\Z|[/*]\Z|/\*")
_WORD = re.compile(r"[A-Za-z]++")
_DELIMITER = re.compile(r"DELIMITER[ \t]++(\S++)[^\n]*+\n", re.IGNORECASE)
_INSERT = re.compile(
    r"(?:INSERT|REPLACE)\b(?:\s++(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE)\b)*+(?:\s++INTO\b)?+"
    rf"{_BLANK}({_NAME})(?:\s*+\.\s*+({_NAME}))?+{_BLANK}(?=[^\s./])",
    re.IGNORECASE | re.DOTALL,
)
_VALUES = re.compile(rf"(?:\(([^()]*+)\))?+{_BLANK}VALUES?\b{_BLANK}(?=\()", re.IGNORECASE | re.DOTALL)
_CREATE_TABLE = re.compile(
    r"CREATE\s++(?:OR\s++REPLACE\s++)?+TABLE\s++(IF\s++NOT\s++EXISTS\s++)?+"
    rf"({_NAME})(?:\s*+\.\s*+({_NAME}))?+\s*+",
    re.IGNORECASE,
)
_LIKE = re.compile(rf"\(?\s*+LIKE\s++({_NAME})(?:\s*+\.\s*+({_NAME}))?+", re.IGNORECASE)
_DATABASE = re.compile(rf"USE\s++({_NAME})", re.IGNORECASE)
_CHARSET = re.compile(r"SET\s++(?:NAMES|CHARACTER\s++SET|CHARSET)\s++['\"]?(\w++)", re.IGNORECASE)
_SAVED = re.compile(r"@(OLD_\w++)\s*+(:?=)?")
_NAMES = re.compile(_NAME)
_TOKEN = re.compile(
    rf"(?P<blank>\s++|{_CONDITION}|\*/|{_COMMENT}|{_LINE_COMMENT})"
    rf"|(?P<text>{_SINGLE})|(?P<name>`(?:[^`]|``)*+`|{_DOUBLE})|(?P<mark>[(),])|(?P<word>[^\s'\"`(),/*\#-]++|.)",
    re.DOTALL,
)
_NO_COLUMN = frozenset(
    ["primary", "key", "unique", "index", "constraint", "fulltext", "spatial", "foreign", "check", "period"]
)
_INSIDE = {
    "'": re.compile(r"[^'\\]*+(?:\\.[^'\\]*+)*+", re.DOTALL),
    '"': re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL),
    "`": re.compile(r"[^`]*+"),
}


class InsertHead(NamedTuple):
    database: str | None
    table: str
    columns: tuple[str, ...] | None
    """The statement's own list of columns; None where it has none."""
    has_values: bool
    """False for INSERT ... SELECT and INSERT ... SET."""
    text: str
    """The statement up to its first row; "" where that is not told."""


class TableHead(NamedTuple):
    database: str | None
    table: str
    is_if_absent: bool
    like: str | None
    columns: tuple[str, ...]
    all_columns: tuple[str, ...]
    """`columns` and the generated ones between them."""


def skip_gap(sql: SqlText, terminator: str = ";") -> str:
    """Moves to the next statement's first word or to the end; gives the blanks and comments between."""
    while True:
        gap = _GAP.match(sql.text, sql.pos)
        end = gap.end() if gap else sql.pos
        if sql.text.startswith(terminator, end):
            sql.pos = end + len(terminator)
            continue
        # where the gap touches the window's end, a conditional comment's number may go on
        if (end == len(sql.text) or is_cut(sql.text, end)) and sql.read_more():
            continue
        skipped, sql.pos = sql.text[sql.pos : end], end
        return skipped


def is_cut(text: str, pos: int) -> bool:
    """Whether a comment begins here, or may begin, that the end of the text cuts."""
    return _CUT.match(text, pos) is not None


def peek_word(sql: SqlText) -> str:
    """The statement's first word in capitals; "" if it begins with none."""
    found = sql.match(_WORD, reach=1)
    return found[0].upper() if found else ""


def read_delimiter(sql: SqlText) -> str:
    """The new end mark of a DELIMITER line of the mysql client."""
    found = sql.match(_DELIMITER)
    if found is None:
        raise sql.error("has a DELIMITER that names no end mark")
    sql.pos = found.end()
    return found[1]


@lru_cache(maxsize=16)
def _get_outside(terminator: str) -> Pattern[str]:
    """All that can stand before the terminator, whole tokens alone: it stops at one that the window cuts."""
    end, first, behind = re.escape(terminator), re.escape(terminator[0]), len(terminator) - 1
    plain = rf"[^'\"`\#/\-{first}]*+"
    tokens = "|".join(
        [
            # by far the most: each quote within has one backslash before it, the last one none
            r"'[^']*+(?:(?<=[^\\]\\)'[^']*+)*+(?<!\\)'",
            _SINGLE,
            _DOUBLE,
            r"`[^`]*+`",
            _CONDITION,
            _COMMENT,
            _LINE_COMMENT,
            rf"(?!{end})(?:/(?!\*|\Z)|-(?!-\s|-?\Z)|{first})(?=.{{{behind}}})",
        ]
    )
    return re.compile(rf"(?:{plain}(?:{tokens}))*+{plain}", re.DOTALL)


def skip_statement(sql: SqlText, terminator: str) -> None:
    """Moves behind the terminator from any place of a statement that is not within quotes or a comment."""
    outside = _get_outside(terminator)
    while True:
        found = outside.match(sql.text, sql.pos)
        sql.pos = found.end() if found else sql.pos
        if sql.text.startswith(terminator, sql.pos):
            sql.pos += len(terminator)
            return
        if sql.text[sql.pos : sql.pos + 1] in _INSIDE and len(sql.text) - sql.pos > sql.piece:
            _skip_quoted(sql)
        elif not sql.read_more():
            raise _break_off(sql)


def skip_inserts(sql: SqlText, head: str, terminator: str) -> None:
    """Moves behind the INSERT whose rows begin here, and behind those that follow with the same head."""
    skip_statement(sql, terminator)
    again = re.compile(rf"\s*+{re.escape(head)}")
    while head and (found := again.match(sql.text, sql.pos)):
        sql.pos = found.end()
        skip_statement(sql, terminator)


def read_statement(sql: SqlText, terminator: str) -> str:
    """The statement's text up to its terminator, and moves behind that."""
    outside = _get_outside(terminator)
    while True:
        found = outside.match(sql.text, sql.pos)
        end = found.end() if found else sql.pos
        if sql.text.startswith(terminator, end):
            text, sql.pos = sql.text[sql.pos : end], end + len(terminator)
            return text
        if not sql.read_more():
            raise _break_off(sql)


def _skip_quoted(sql: SqlText) -> None:
    """Drops a long quoted text of an unwanted table piece by piece, where it would else be gathered whole."""
    quote = sql.text[sql.pos]
    sql.pos += 1
    while True:
        found = _INSIDE[quote].match(sql.text, sql.pos)
        sql.pos = found.end() if found else sql.pos
        if sql.text.startswith(quote, sql.pos):
            sql.pos += 1
            return
        if not sql.read_more():
            raise _break_off(sql)


def _break_off(sql: SqlText) -> DumpError:
    return sql.error("breaks off: a statement is not ended", len(sql.text))


def read_insert(sql: SqlText, terminator: str) -> InsertHead:
    """Moves to the first row of the INSERT or REPLACE that begins here, or to where its form is unknown."""
    found = sql.match(_INSERT)
    if found is None:
        skip_statement(sql, terminator)
        raise sql.error("has an INSERT that names no table")
    database, table = _get_names(found[1], found[2])
    begun = found[0]
    sql.pos = found.end()
    values = sql.match(_VALUES)
    if values is None:
        return InsertHead(database, table, None, has_values=False, text="")
    sql.pos = values.end()
    columns = tuple(map(unquote_name, _NAMES.findall(values[1]))) if values[1] is not None else None
    return InsertHead(database, table, columns, has_values=True, text=begun + values[0])


def parse_create_table(statement: str) -> TableHead | None:
    """What a CREATE TABLE says of its columns; None for another CREATE (and for a temporary table)."""
    found = _CREATE_TABLE.match(statement)
    if found is None:
        return None
    database, table = _get_names(found[2], found[3])
    like = _LIKE.match(statement, found.end())
    columns = [] if like else _parse_columns(statement, found.end())
    return TableHead(
        database,
        table,
        is_if_absent=found[1] is not None,
        like=_get_names(like[1], like[2])[1] if like else None,
        columns=tuple(name for name, is_generated in columns if not is_generated),
        all_columns=tuple(name for name, _ in columns),
    )


def _parse_columns(statement: str, start: int) -> list[tuple[str, bool]]:
    columns: list[tuple[str, bool]] = []
    depth = 0
    name = ""
    is_first, is_generated = True, False
    for token in _TOKEN.finditer(statement, start):
        kind, text = token.lastgroup, token[0]
        if kind == "blank":
            continue
        if kind == "mark":
            depth += {"(": 1, ")": -1}.get(text, 0)
            if depth == 0 or (depth == 1 and text == ","):
                if name:
                    columns.append((name, is_generated))
                name, is_first, is_generated = "", True, False
            if depth == 0:
                break
            continue
        if depth != 1:
            continue
        if is_first:
            is_first = False
            if kind == "name" or text.lower() not in _NO_COLUMN:
                name = unquote_name(text)
        elif text.lower() in ("as", "generated"):
            is_generated = True
    return columns


def get_database(statement: str) -> str | None:
    """The database that a USE chooses."""
    found = _DATABASE.match(statement)
    return unquote_name(found[1]) if found else None


def get_charset(statement: str) -> str | None:
    """The character set that a SET NAMES declares for the text behind it; None for another SET."""
    found = _CHARSET.match(statement)
    return found[1] if found and found[1].lower() != "default" else None


def get_saved(statement: str) -> tuple[set[str], set[str]]:
    """The @OLD_ variables that a SET keeps, and those that it puts back."""
    kept: set[str] = set()
    put_back: set[str] = set()
    for name, assigned in _SAVED.findall(statement):
        (kept if assigned else put_back).add(name.upper())
    return kept, put_back


def unquote_name(name: str) -> str:
    """`a``b` -> a`b"""
    quote = name[0]
    return name[1:-1].replace(quote * 2, quote) if quote in '`"' else name


def _get_names(first: str, second: str | None) -> tuple[str | None, str]:
    return (unquote_name(first), unquote_name(second)) if second else (None, unquote_name(first))
