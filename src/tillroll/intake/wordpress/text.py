"""The text of a dump as a window that moves forwards: what has been read is dropped, what comes is decoded.

Bytes that are not of the declared character set stay in the window as lone surrogates, which take no part in
SQL's syntax, so that a later SET NAMES can decode the rest anew; `mend` replaces them in the values.
"""

import codecs
from re import Match, Pattern

from tillroll.intake.wordpress.source import DumpError, Source

PIECE = 1 << 17
"""Bytes read at a time: more gains no speed."""

LONGEST_HEAD = 1 << 20
"""Characters looked at before it is certain that a statement does not begin as expected."""

_CODECS = {
    "utf8mb4": "utf-8",
    "utf8mb3": "utf-8",
    "utf8": "utf-8",
    "binary": "utf-8",
    "ascii": "utf-8",
    "latin1": "cp1252",  # so MySQL means it
    "latin2": "iso8859-2",
    "latin5": "iso8859-9",
    "latin7": "iso8859-13",
    "greek": "iso8859-7",
    "hebrew": "iso8859-8",
    "cp1250": "cp1250",
    "cp1251": "cp1251",
    "cp1256": "cp1256",
    "cp1257": "cp1257",
    "cp850": "cp850",
    "cp852": "cp852",
    "cp866": "cp866",
    "koi8r": "koi8-r",
    "koi8u": "koi8-u",
    "tis620": "tis-620",
    "big5": "big5",
    "gbk": "gbk",
    "gb2312": "gb2312",
    "gb18030": "gb18030",
    "euckr": "euc-kr",
    "ujis": "euc-jp",
    "sjis": "shift-jis",
    "cp932": "cp932",
}


def get_codec(charset: str) -> str | None:
    """The name of Python's codec for a character set that MySQL names; None for one that is not read."""
    return _CODECS.get(charset.lower())


def mend(text: str) -> str:
    """The text with U+FFFD for the bytes that were not of the character set."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class SqlText:
    """`text` is the window, `pos` the first place in it that has not been read. The last line always ends."""

    def __init__(self, source: Source, piece: int = PIECE) -> None:
        self.text = ""
        self.pos = 0
        self.is_at_end = False
        self.has_bad_bytes = False
        """Whether the window holds bytes that are not of the character set."""
        self.codec = "utf-8"
        self._decoder = codecs.getincrementaldecoder(self.codec)()
        self._source = source
        self.piece = piece
        self.characters_read = 0
        self._lines_dropped = 0
        self._bytes_read = 0
        self._is_at_start = True

    def read_more(self) -> bool:
        """Drops what has been read and adds a piece; False when there is none. Places in the window change.

        A window that is not used up doubles, so that a value of any size is read in linear time.
        """
        if self.is_at_end:
            return False
        rest = self.text[self.pos :]
        piece = self._source.read(max(self.piece, len(rest)))
        self._bytes_read += len(piece)
        added, has_bad_bytes = self._decode(piece, is_last=not piece)
        if self._is_at_start and added:
            added = added.removeprefix("\ufeff")
            self._is_at_start = False
        if not piece:
            self.is_at_end = True
            added += "\n"
        self.characters_read += len(added)
        self._lines_dropped += self.text.count("\n", 0, self.pos)
        self.has_bad_bytes = has_bad_bytes or (self.has_bad_bytes and _has_bad_bytes(rest))
        self.text = rest + added
        self.pos = 0
        return True

    def match(self, pattern: Pattern[str], reach: int = LONGEST_HEAD) -> Match[str] | None:
        """The pattern's match at `pos`, with enough text behind it to be sure of its end.

        None is certain when `reach` characters were looked at.
        """
        while True:
            found = pattern.match(self.text, self.pos)
            if found is None and len(self.text) - self.pos >= reach:
                return None
            if (found is None or found.end() == len(self.text)) and self.read_more():
                continue
            return found

    def use_charset(self, charset: str) -> None:
        """Decodes all that follows `pos` as MySQL's `charset`. Raises DumpError for one that is not read."""
        codec = get_codec(charset)
        if codec is None:
            what = f"has the character set {charset}: dump again with --default-character-set=utf8mb4"
            raise self.error(what)
        if codec == self.codec:
            return
        held_back, _ = self._decoder.getstate()
        rest = self.text[self.pos :].encode(self.codec, "surrogateescape") + held_back
        self._lines_dropped += self.text.count("\n", 0, self.pos)
        self.codec = codec
        self._decoder = codecs.getincrementaldecoder(codec)()
        self.text, self.has_bad_bytes = self._decode(rest, is_last=self.is_at_end)
        self.pos = 0

    def _decode(self, data: bytes, *, is_last: bool) -> tuple[str, bool]:
        """The text, and whether it has surrogates for bytes that are none."""
        state = self._decoder.getstate()
        try:
            return self._decoder.decode(data, is_last), False
        except UnicodeDecodeError:
            self._decoder.setstate(state)
            self._decoder.errors = "surrogateescape"
            text = self._decoder.decode(data, is_last)
            self._decoder.errors = "strict"
            return text, True

    def error(self, what: str, pos: int | None = None) -> DumpError:
        """A DumpError "FILE `what`, in line N (byte M of the SQL text)." for a place in the window."""
        # behind the file's end there is the line's end that was added to it
        place = min(self.pos if pos is None else pos, len(self.text) - self.is_at_end)
        line = self._lines_dropped + self.text.count("\n", 0, place) + 1
        held_back, _ = self._decoder.getstate()
        ahead = len(self.text[place:].encode(self.codec, "surrogateescape")) + len(held_back) - self.is_at_end
        byte = self._bytes_read - ahead
        return DumpError(f"{self._source.path} {what}, in line {line:,} (byte {byte:,} of the SQL text).")


def _has_bad_bytes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
