"""From a WSGI environment to what is asked: URL forms, version, endpoint, format and parameters.

Nothing here reads the store but the shop's settings, which are handed in. [3.6] 1, [CONTRACT] Requests.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote_plus

import msgspec
from django.core.exceptions import SuspiciousOperation
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from tillroll.access.capabilities import ENDPOINTS
from tillroll.access.digests import BEARER_PREFIX
from tillroll.eddapi.errors import BadRequest, GateError, MethodNotAllowed, NotFound
from tillroll.eddapi.formats import Format

_NUMERIC = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)

_LEADING = re.compile(r"\s*[+-]?((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2}(?!\d))?)", re.ASCII)

Environ = Mapping[str, Any]

LONGEST_KEPT = 1_000
"""Characters of a question of which a worker keeps something. Longer ones are rare, and anybody may make them
up."""

METHODS = ("GET", "HEAD", "POST", "OPTIONS")
VERSIONS = ("v1", "v2")
LISTS = frozenset(("category", "tag"))
"""Parameters that may come as PHP arrays and are then lists ([CONTRACT] Requests)."""

_NAMES_API = re.compile(r"(?:^|&)edd-api=")
_UNSHOWN = frozenset(("key", "token", "edd-api"))
_NAMES_SECRET = re.compile(r"(?:^|[^A-Za-z0-9])(?:key|token)(?:$|[^A-Za-z0-9])", re.IGNORECASE)
_HOLDS_SECRET = re.compile(r"(?:^|[^A-Za-z0-9])(?:key|token)\s*=", re.IGNORECASE)
"""Key and token as a badly joined URL hides them: `&amp;token=`, `token%3D`, `number=5?key=`."""

_MAY_HIDE = re.compile(rf"key|token|%|{BEARER_PREFIX}", re.IGNORECASE)
"""What a parameter must have in it, as it was written, to need a closer look for secrets."""

_SHOWABLE = re.compile(r"[!-~]*")

_MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)([Zz]|[-+ ]\d\d:?\d\d)?)?", re.ASCII
)

PAGING = ("number", "page", "cursor")
"""Parameters of every list: see `read_page`."""

MOST_AT_CURSOR = 1_000
"""Rows of an answer that a cursor goes on from: what is longer is streamed, and its end is not known when
the headers leave."""

LARGEST_FORM = 1_000_000
"""Bytes of a form body: a thousand times what any client sends."""

LARGEST_NUMBER = 2**31
"""Whole numbers past this read as this ([CONTRACT] Requests)."""


class Parameters(msgspec.Struct, frozen=True):
    """The query and the form as one: the last value of each name, the lists behind `name[]`, what of it came
    by form, and the question as it was written, without key, token and the API's path: for the log and for
    links."""

    values: dict[str, str]
    lists: dict[str, list[str]]
    form: dict[str, str]
    pieces: tuple[tuple[str, str], ...] = ()
    question: str = ""

    def question_without(self, name: str) -> str:
        return "&".join(piece for own, piece in self.pieces if own != name)

    def get(self, name: str) -> str | None:
        """The value, or None where the parameter is absent."""
        return self.values.get(name)

    def text(self, name: str) -> str:
        """The value, empty where the parameter is absent."""
        return self.values.get(name, "")

    def words(self, name: str) -> list[str]:
        """A list, or one value split at its commas, without blanks."""
        many = self.lists.get(name) or [self.values.get(name, "")]
        return [word for value in many for part in value.split(",") if (word := part.strip())]


class Address(msgspec.Struct, frozen=True):
    """What the URL says before any gate: where the API's own path begins, and the parameters."""

    path: str
    value: str
    parameters: Parameters
    refusal: GateError | None = None


class Request(msgspec.Struct, frozen=True):
    """A question that passed the first gates."""

    version: str
    endpoint: str
    format: Format
    pretty: bool
    path: str
    parameters: Parameters


class Page(msgspec.Struct, frozen=True):
    """Which rows of a list are asked for; `number` None is all of them. With a cursor, which is empty where a
    list begins, there are no pages."""

    number: int | None
    page: int
    cursor: str | None = None

    @property
    def offset(self) -> int:
        return (self.number or 0) * (self.page - 1)

    @property
    def is_past_all(self) -> bool:
        """With everything on the first page there is nothing on a second."""
        return self.number is None and self.page > 1


def is_api(environ: Environ) -> bool:
    """Whether a request is for the API, by path or by the query's `edd-api`."""
    path: str = environ.get("PATH_INFO", "")
    if path.endswith("/edd-api") or "/edd-api/" in path:
        return True
    is_front = path.rsplit("/", 1)[-1] in ("", "index.php")
    return is_front and _NAMES_API.search(environ.get("QUERY_STRING", "")) is not None


def read_address(environ: Environ) -> Address:
    """The path below `edd-api/` (the query's own wins) and the parameters, also of what is refused: its key
    names somebody, whom the log is to know."""
    path = environ.get("PATH_INFO", "").encode("latin-1", "replace").decode("utf-8", "replace")
    gathered, of_form = _Gathered(), _Gathered()
    gathered.add(environ.get("QUERY_STRING", ""))
    refusal: GateError | None = None
    if (method := environ.get("REQUEST_METHOD", "GET")) not in METHODS:
        refusal = MethodNotAllowed("Method not allowed!", {"Allow": ", ".join(METHODS)})
    elif method == "POST":
        try:
            _read_form(environ, of_form)
            gathered.join(of_form)
        except BadRequest as error:
            refusal = error
    value = gathered.values.get("edd-api", path.partition("/edd-api/")[2])
    pieces = tuple(gathered.pieces)
    question = "&".join([piece for _, piece in pieces])
    parameters = Parameters(gathered.values, gathered.lists, of_form.values, pieces, question)
    return Address(path, value.rstrip("/"), parameters, refusal)


def read_request(address: Address, default_version: str) -> Request:
    """Version, endpoint and format. Raises NotFound for a version and BadRequest for the others, in that
    order."""
    version, endpoint = _split_version(address.value, default_version)
    if version not in VERSIONS:
        raise NotFound("Invalid API version!")
    if endpoint not in ENDPOINTS:
        raise BadRequest("Invalid query!")
    return Request(
        version,
        endpoint,
        read_format(address.parameters),
        address.parameters.get("pretty") == "1",
        address.path,
        address.parameters,
    )


def read_format(parameters: Parameters) -> Format:
    """The answer's form; empty is JSON. Raises BadRequest for an unknown one."""
    asked = parameters.text("format")
    if asked in ("", "json"):
        return Format.JSON
    if asked == "xml":
        return Format.XML
    raise BadRequest("Invalid format!")


def read_page(parameters: Parameters) -> Page:
    """`number` and `page` ([CONTRACT] Paging), or `number` and `cursor`. Raises BadRequest for what is no
    such number, and for a cursor beside a page or more rows than are built in memory."""
    number = parameters.text("number").strip(" ")
    page = parameters.text("page").strip(" ")
    if number == "":
        rows: int | None = 10
    elif number in ("-1", "0"):
        rows = None
    else:
        rows = _whole(number, "The number parameter must be -1 or a positive whole number!")
        rows = rows or None
    wanted = _whole(page, "The page parameter must be a positive whole number!") if page else 1
    cursor = parameters.get("cursor")
    if cursor is not None and page:
        raise BadRequest("The cursor and page parameters can't go together!")
    if cursor is not None and (rows is None or rows > MOST_AT_CURSOR):
        raise BadRequest(f"With a cursor the number parameter must be 1 to {MOST_AT_CURSOR}!")
    return Page(rows, wanted or 1, cursor)


def read_modified_after(parameters: Parameters) -> datetime | None:
    """The moment of `modified_after`: an ISO 8601 date or time, in UTC where it names no zone; None where the
    parameter is absent or empty. Raises BadRequest for anything else."""
    text = parameters.text("modified_after").strip(" ")
    if not text:
        return None
    written = _MOMENT.fullmatch(text)
    try:
        if written is None:
            raise ValueError(text)
        day, time, zone = written.groups()
        # a plus that was not encoded came as a blank
        moment = datetime.fromisoformat(f"{day}T{time or '00:00'}{(zone or 'Z').upper().replace(' ', '+')}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadRequest(
            "The modified_after parameter must be an ISO 8601 date or time, such as 2026-11-28 or"
            " 2026-11-28T10:00:00Z!"
        ) from error


def read_id(text: str) -> int | None:
    """The id in front of a text as PHP reads it: whole, without its sign; None where there is none."""
    leading = _LEADING.match(text)
    return int(min(float(leading[1]), LARGEST_NUMBER)) if leading else None


def is_numeric(text: str) -> bool:
    """Whether PHP takes a text for a number; ids are read from such texts alone where [3.6] says
    "numeric"."""
    return _NUMERIC.fullmatch(text.strip()) is not None


@lru_cache(maxsize=512)
def quote_path(path: str) -> str:
    """A path that is safe inside a header."""
    return quote(path)


def _whole(text: str, error: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise BadRequest(error)
    return min(int(text[:20]), LARGEST_NUMBER)


def _split_version(value: str, default: str) -> tuple[str, str]:
    """The version in front of the first slash, which is taken out wherever it stands ([3.6] 1.2)."""
    if value.find("/") < 1:
        return default, value
    version = value.partition("/")[0].lower()
    return version, value.replace(version + "/", "")


def _decode(text: str) -> str:
    if "%" in text or "+" in text:
        text = unquote_plus(text, errors="replace")
    return text.replace("\x00", "") if "\x00" in text else text


class _Gathered:
    """Parameters as they are read: the last value of each name; `a[]` and `a[0]` also gather in a list where
    lists make sense. Key, token and the API's path stay out of the pieces, which may be shown."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.lists: dict[str, list[str]] = {}
        self.pieces: list[tuple[str, str]] = []

    def join(self, form: "_Gathered") -> None:
        """Takes a form's parameters too; BadRequest for one that the query gives another value."""
        self.lists.update(form.lists)
        self.pieces += form.pieces
        for name, value in form.values.items():
            if self.values.setdefault(name, value) != value:
                raise BadRequest(f"The parameter {name} has different values in the query and in the form!")

    def add(self, query: str) -> None:
        """Reads a query string or a form body."""
        for part in query.split("&"):
            if part:
                name, _, value = part.partition("=")
                self._put(_decode(name), _decode(value), part)

    def put(self, name: str, value: str) -> None:
        """Takes a parameter that came decoded."""
        self._put(name, value, f"{quote(name, safe='')}={quote(value, safe='')}")

    def _put(self, name: str, value: str, piece: str) -> None:
        plain, bracket, _ = name.partition("[")
        if bracket and plain:
            if plain in LISTS:
                self.lists.setdefault(plain, []).append(value)
        else:
            plain = name
        self.values[plain] = value
        if plain not in _UNSHOWN and not (_MAY_HIDE.search(piece) and is_secret(name, value)):
            if not _SHOWABLE.fullmatch(piece):
                piece = quote(piece, safe="%=+[]")
            self.pieces.append((plain, piece))


def is_secret(name: str, value: str) -> bool:
    """Whether a parameter may hold a key's token or bearer secret, though it is neither by its name."""
    if BEARER_PREFIX in name or BEARER_PREFIX in value or BEARER_PREFIX in unquote_plus(value):
        return True
    return bool(_NAMES_SECRET.search(unquote_plus(name)) or _HOLDS_SECRET.search(unquote_plus(value)))


def _read_form(environ: Environ, gathered: _Gathered) -> None:
    """The form body; other bodies are ignored, as EDD ignores them ([3.6] 1.5)."""
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    length = environ.get("CONTENT_LENGTH") or "0"
    size = int(length[:12]) if length.isascii() and length.isdigit() else 0
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return
    if size > LARGEST_FORM:
        raise BadRequest(f"The form is too large: {LARGEST_FORM} bytes are accepted!")
    if kind == "application/x-www-form-urlencoded":
        gathered.add(environ["wsgi.input"].read(size).decode("utf-8", "replace"))
        return
    try:
        form, _ = MultiPartParser(environ, environ["wsgi.input"], []).parse()
    except (MultiPartParserError, SuspiciousOperation) as error:
        raise BadRequest("The form can't be read!") from error
    for name, values in form.lists():
        for value in values:
            gathered.put(name.replace("\x00", ""), str(value).replace("\x00", ""))
