"""What a server and PHP say to each other: enough of FastCGI to stand in for a PHP."""

import struct
from io import BufferedIOBase

VERSION = b"\x01"
"""The first byte of whoever speaks FastCGI; one who speaks HTTP begins with a letter."""

END_REQUEST, PARAMETERS, FORM, OUTPUT, ERRORS = 3, 4, 5, 6, 7
HEADER = struct.Struct("!BBHHBx")


def read_question(source: BufferedIOBase) -> tuple[dict[str, str], bytes]:
    """The parameters and the form."""
    parts = {PARAMETERS: b"", FORM: b""}
    while True:
        _, kind, _, length, padding = HEADER.unpack(source.read(HEADER.size))
        content = source.read(length)
        source.read(padding)
        if kind == FORM and not content:
            return _read_pairs(parts[PARAMETERS]), parts[FORM]
        if kind in parts:
            parts[kind] += content


def _read_pairs(content: bytes) -> dict[str, str]:
    pairs = {}
    at = 0
    while at < len(content):
        lengths = []
        for _ in range(2):
            length = content[at]
            size = 4 if length > 0x7F else 1
            if size == 4:
                length = int.from_bytes(content[at : at + 4], "big") & 0x7FFFFFFF
            lengths.append(length)
            at += size
        name = content[at : at + lengths[0]]
        at += sum(lengths)
        pairs[name.decode()] = content[at - lengths[1] : at].decode()
    return pairs


def make_answer(output: bytes, errors: bytes) -> bytes:
    """What PHP prints, and what it complains of meanwhile."""
    records = ((ERRORS, errors), (OUTPUT, output), (OUTPUT, b""), (END_REQUEST, bytes(8)))
    return b"".join(HEADER.pack(1, kind, 1, len(content), 0) + content for kind, content in records)
