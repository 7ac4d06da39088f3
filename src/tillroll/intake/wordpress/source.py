"""The bytes of a dump file, unpacked, a piece at a time: however large the file, one piece is in memory.

Whether the file is packed is told by its first bytes, never by its name.
"""

import zlib
from collections.abc import Callable
from pathlib import Path

_PACKED_PIECE = 1 << 18

_GZIP = b"\x1f\x8b"

_FOREIGN = {
    b"PK\x03\x04": "is a zip archive: unpack it and give the .sql file in it",
    b"BZh": "is packed with bzip2: unpack it first (bunzip2), only gzip is unpacked here",
    b"\xfd7zXZ\x00": "is packed with xz: unpack it first (unxz), only gzip is unpacked here",
    b"\x28\xb5\x2f\xfd": "is packed with zstd: unpack it first (unzstd), only gzip is unpacked here",
    b"PGDMP": "is a dump of PostgreSQL: WordPress keeps its tables in MySQL or MariaDB",
    b"SQLite format 3\x00": "is an SQLite database: a dump by mysqldump or phpMyAdmin is wanted",
    b"\xff\xfe": "is UTF-16 text, as PowerShell's > writes it: dump again with mysqldump's --result-file",
    b"\xfe\xff": "is UTF-16 text: dump again as UTF-8",
}


class DumpError(Exception):
    """A dump that can't be read whole: a sentence that names the file and, where there is one, the place."""


Progress = Callable[[int, int], None]
"""Told the bytes of the file (packed, if it is) that have been read, and all that there are."""


class Source:
    """An open dump file. Raises DumpError for what can't be opened or unpacked, and other kinds of file."""

    def __init__(self, path: Path, on_progress: Progress | None = None) -> None:
        self.path = path
        self._on_progress = on_progress
        if path.is_dir():
            raise DumpError(f"{path} is a folder: give the .sql or .sql.gz file itself.")
        try:
            self._file = path.open("rb")
            self._size = path.stat().st_size
        except (OSError, ValueError) as error:
            raise self._unreadable(error) from error
        self._done = 0
        self._raw = self._read_raw()
        self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if self._raw.startswith(_GZIP) else None
        self._is_first = True

    def close(self) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        """The next unpacked bytes, at most `size`; b"" only at the end."""
        piece = self._unpack(size) if self._unpacker else self._copy(size)
        if self._is_first:
            self._is_first = False
            self._refuse_foreign(piece)
        return piece

    def _copy(self, size: int) -> bytes:
        if not self._raw:
            self._raw = self._read_raw(size)
        piece, self._raw = self._raw[:size], self._raw[size:]
        return piece

    def _unpack(self, size: int) -> bytes:
        while self._unpacker:
            if self._unpacker.eof:
                self._next_member()
                continue
            packed = self._unpacker.unconsumed_tail or self._raw or self._read_raw()
            self._raw = b""
            if not packed:
                what = f"breaks off: its gzip stream ends early, after {self._done:,} bytes"
                raise DumpError(f"{self.path} {what}.")
            try:
                piece = self._unpacker.decompress(packed, size)
            except zlib.error as error:
                what = f"is damaged: its gzip stream can't be unpacked ({error})"
                raise DumpError(f"{self.path} {what}.") from error
            if piece:
                return piece
        return b""

    def _next_member(self) -> None:
        """A gzip file may be several, one behind the other (RFC 1952 2.2), and padded with zero bytes."""
        rest = self._unpacker.unused_data if self._unpacker else b""
        while not (rest := rest.lstrip(b"\0")) and (more := self._read_raw()):
            rest = more
        if len(rest) == 1:
            rest += self._read_raw()
        if rest and not rest.startswith(_GZIP):
            raise DumpError(f"{self.path} is damaged: something else follows the end of its gzip stream.")
        self._raw = rest
        self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if rest else None

    def _refuse_foreign(self, head: bytes) -> None:
        for magic, sentence in _FOREIGN.items():
            if head.startswith(magic):
                raise DumpError(f"{self.path} {sentence}.")
        if not head:
            raise DumpError(f"{self.path} holds no SQL statements: it is empty.")

    def _read_raw(self, size: int = _PACKED_PIECE) -> bytes:
        try:
            piece = self._file.read(size)
        except OSError as error:
            raise self._unreadable(error) from error
        self._done += len(piece)
        if self._on_progress:
            self._on_progress(self._done, self._size)
        return piece

    def _unreadable(self, error: OSError | ValueError) -> DumpError:
        return DumpError(f"{self.path} can't be read: {getattr(error, 'strerror', None) or error}.")
