"""Requests as no client would send them, and as some do: drawn from what is sensible, then bent.

The same seed gives the same requests.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from urllib.parse import quote, quote_plus

ENDPOINTS = ("stats", "products", "customers", "sales", "discounts", "file-download-logs", "info")

PATHS = (
    "/edd-api/", "/edd-api", "/edd-api//", "/edd-api/v2", "/edd-api/v2//sales", "/edd-api/v3/sales/",
    "/edd-api/V2/sales", "/edd-api/v2/sales/extra", "/edd-api/v1/v2/products", "/edd-api/%00/sales",
    "/edd-api/v2/%ff%fe", "/edd-api/v2/sales%0d%0aX-Evil:1", "/edd-api/../../etc/passwd",
    "/edd-api/v2/%2e%2e/",
    "/edd-api/" + "v2/" * 500, "/edd-api/" + "a" * 9000, "/edd-api/v2/sales;x=1",
    "/edd-api/v2/sales%3Fnumber=3", "/edd-api/\xc3\xa9\xe2\x82\xac", "/edd-api/v2/%F0%9F%92%A9",
    "/edd-api/v2/%ed%a0%80", "/edd-api/ v2 / sales",
    "/edd-api/0", "/edd-api/stats.json", "/edd-api/v2/sales/edd-api/v1/customers", "/edd-api/\\v2\\sales",
)  # fmt: skip

NAMES = (
    "number", "page", "cursor", "modified_after", "paged", "type", "product", "category", "tag",
    "term_relation", "date", "startdate", "enddate", "customer", "discount", "format", "id",
    "purchasekey", "email", "info", "include_tax", "s", "order", "orderby", "query", "pretty", "edd-api",
    "unknown", "",
)  # fmt: skip

FITTING = {
    "number": ("1", "2", "10", "-1", "0", "", "50", "1001"),
    "page": ("1", "2", "0", "3", ""),
    "cursor": ("", "", "", "WzFd.x", "x"),
    "modified_after": ("2020-01-01", "2026-01-01T00:00:00Z", "9999-12-31", "0001-01-01", "", "now"),
    "type": ("sales", "earnings", "customers", "", "Sales"),
    "product": ("all", "1", "2", "4", "999", "-1", "10abc", "0", ""),
    "category": ("music", "music,video", "1", "2,music", "none", "m%C3%BCsik"),
    "tag": ("new", "new,old", "3", "none"),
    "term_relation": ("AND", "OR", "or", "XOR", ""),
    "date": ("today", "yesterday", "this_week", "last_quarter", "range", "other", "", "never", "Range"),
    "startdate": ("20240101", "2024-02-29", "20230229", "-7 days", "", "99991231", "00010101", "20260101"),
    "enddate": ("20240102", "2024-03-31", "20240101", "99991231", "", "00010101", "20260131"),
    "customer": ("1", "2", "ann@example.com", "ANN@EXAMPLE.COM", "Optional(1)", "nobody", "0", "-1", "1e2"),
    "discount": ("1", "2", "SPRING", "0", "-1", "99", ""),
    "format": ("json", "xml", "xml", "xml", "XML", "yaml", ""),
    "id": ("1", "2", "3", "999", "0", "abc", ""),
    "purchasekey": ("key-1", "KEY-1", "none", ""),
    "email": ("ann@example.com", "ANN@example.com", "none", ""),
    "include_tax": ("1", "0", "true", "", "yes", "on", "no"),
    "s": ("ware", "WARE -two", '"ware one"', "%", "_", "!", "\\", "'", "--", "a" * 3000, "é", "of the"),
    "order": ("ASC", "desc", "", "x"),
    "orderby": ("title", "price", "sales", "earnings", "rand", "ID", "price title", "1;DROP", ""),
    "pretty": ("1", "0", "true"),
    "edd-api": ("v2/sales", "products", "v1/customers/", "/", "0", "v9/x", "stats", "v2/info", ""),
    "info": ("1",),
}  # fmt: skip

ODD = (
    "", " ", "0", "-0", "00", "+1", "-1", "1.5", "1e3", "1e999", "-1e999", "NaN", "Infinity",
    "0x10", "\u0663", "\uff11\uff12",
    "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "9" * 40,
    "9" * 5000, "true", "null", "[]", "{}", "Array", "'", '"', "' OR '1'='1",
    "1; DROP TABLE shop_order",
    "%s", "%(x)s", "%", "%%", "?", "{0}", "${x}", "<script>", "&amp;", "]]>", "\x00", "a\x00b",
    "\x7f", "\x1b[0m",
    "\r\nX-Evil: 1", "\t", "\u2028", "\ufffe", "é" * 300, "💩", "\uff41", "İ", "ß", "\u0301", "\u202e",
    "../" * 40,
    "a" * 20000, "\\", "\\'", ",", ",,,", "1,2,3", "1" + ",1" * 3000, "20240101", "20240230", "today ",
)  # fmt: skip

RAW = (
    "%ff", "%fe%ff", "%c3%28", "%ed%a0%80", "%f4%90%80%80", "%00", "%", "%2", "%zz", "%u0041", "%25%30%30",
    "%0d%0a", "+", "\xe9", "\xff\xfe", "\x80", "%F0%9F%92", "%c0%80", "%e2%80%a8", "#", ";",
    "%5B%5D", "%26", "%3D",
)  # fmt: skip
"""Pieces of a query string that are sent as they are."""

METHODS = ("GET",) * 80 + ("POST",) * 12 + (
    "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "get", "FOO", "",
)  # fmt: skip

CONTENT_TYPES = (
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=latin-1",
    "APPLICATION/X-WWW-FORM-URLENCODED", "multipart/form-data; boundary=xx", "multipart/form-data",
    "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 300, "application/json",
    "multipart/form-data; boundary=\xff", "text/plain", "", "x", ";", "application/octet-stream",
)  # fmt: skip


LONG = (
    b"{}", b'{"number": 5}', b"a=" + b"b" * 100_000, b"&" * 20_000, b"s=" + b"%25" * 30_000,
   b"s=" + b"a+" * 40_000,
    b"orderby=" + b"title+" * 5_000, b"category[]=1&" * 5_000, b"tag[]=x&" * 5_000 + b"term_relation=AND",
    b"category=" + b",".join(b"%d" % number for number in range(5_000)) + b"&term_relation=AND",
    b"customer=" + b"1" * 100_000, b"id=" + b"9" * 100_000, b"email=" + b"a" * 100_000,
    b"product=" + b"7" * 90_000,
    b"number=" + b"0" * 5_000 + b"1", b"x[" + b"[" * 50_000 + b"=1", b"a" * 1_000_001,
    b"discount=" + b"%2d" * 9_000,
)  # fmt: skip
"""Bodies past what anything was made for."""


@dataclass(frozen=True)
class Sent:
    """One request, as the front door gets it."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    content_type: str


@dataclass(frozen=True)
class Known:
    """A key and a token that somebody could send."""

    key: str
    token: str


class Asker:
    """Draws requests; `pairs` are those to sign with, right ones and wrong ones, by that share in headers."""

    def __init__(self, seed: int, pairs: Sequence[Known], *, in_headers: float = 0.04) -> None:
        self.random = Random(seed)
        self.pairs = pairs
        self.in_headers = in_headers

    def draw(self) -> Sent:
        random = self.random
        method = random.choice(METHODS)
        pieces = [self._piece() for _ in range(random.choice((0, 1, 1, 2, 2, 3, 4, 6, 12)))]
        headers = self._headers()
        if random.random() < 0.9:
            pieces += self._signature(headers)
        if random.random() < 0.25:
            pieces.append("format=xml")
        path = self._path()
        if not path.rstrip("/").endswith("edd-api") and "/edd-api/" not in path:
            pieces.append("edd-api=" + random.choice(("v2/", "v1/", "")) + random.choice(ENDPOINTS))
        random.shuffle(pieces)
        body, content_type = b"", ""
        if method == "POST" or random.random() < 0.02:
            body, content_type = self._body(pieces)
        return Sent(method, path, "&".join(pieces), headers, body, content_type)

    def _path(self) -> str:
        random = self.random
        if random.random() < 0.12:
            return random.choice(PATHS)
        if random.random() < 0.05:
            return random.choice(("/", "/index.php", "/shop/", "/a/b/"))
        head = random.choice(("/edd-api/",) * 8 + ("//edd-api/", "/index.php/edd-api/", "/shop/edd-api/"))
        version = random.choice(("v1/", "v2/", "v2/", ""))
        return head + version + random.choice(ENDPOINTS) + random.choice(("", "/", "/"))

    def _piece(self) -> str:
        """A parameter: mostly one that fits, sometimes anything."""
        random = self.random
        name = random.choice(NAMES)
        if random.random() < 0.02:
            return random.choice(RAW) * random.randrange(1, 4)
        if random.random() < 0.01:
            name = random.choice(("key", "token"))
        if random.random() < 0.6:
            value = quote_plus(random.choice(FITTING.get(name, ("",))), safe="%")
        elif random.random() < 0.8:
            value = quote_plus(random.choice(ODD))
        else:
            value = "".join(random.choice(RAW) for _ in range(random.randrange(1, 5)))
        if random.random() < 0.1:
            name += random.choice(("[]", "[0]", "[a]", "[", "]", "[a][b]", "%5B%5D", "[][]", "[\xff]"))
        elif random.random() < 0.03:
            name = random.choice((name.upper(), " " + name, name + ".x", "%00" + name, "%ff" + name))
        return name if random.random() < 0.01 else f"{name}={value}"

    def _signature(self, headers: dict[str, str]) -> list[str]:
        """Key and token, mostly right, in the query or as HTTP Basic; halves and damaged ones too."""
        random = self.random
        pair = random.choice(self.pairs)
        if random.random() < self.in_headers:
            both = base64.b64encode(f"{pair.key}:{pair.token}".encode()).decode()
            headers["Authorization"] = random.choice((f"Basic {both}", f"basic {both}", f"Basic {both}!"))
            return []
        form = random.random()
        if form < 0.03:
            return [f"key={pair.key}"]
        if form < 0.05:
            return [f"token={pair.token}"]
        if form < 0.07:
            return [f"key[]={pair.key}", f"token[]={pair.token}"]
        if form < 0.09:
            return [f"key={pair.key.upper()}", f"token={pair.token}%00"]
        return [f"key={pair.key}", f"token={pair.token}"]

    def _headers(self) -> dict[str, str]:
        random = self.random
        headers: dict[str, str] = {}
        if random.random() < 0.15:
            name, values = random.choice(
                (
                    ("Authorization", ("", "Basic", "Basic !!!", "Bearer x", "Basic " + "A" * 9000, "\xff")),
                    ("Origin", ("https://app.example", "null", "", "https://evil.example\xff", "x" * 5000)),
                    ("X-Forwarded-For", ("1.2.3.4", "1.2.3.4, ::1", "x", "," * 500, "\xff", "::1")),
                    ("If-None-Match", ('W/"x"', "*", "\xff")),
                    ("Accept", ("text/html", "*/*", "\xff")),
                    ("Host", ("", "evil.example", "a:b:c", "\xff")),
                    ("Cookie", ("sessionid=" + "x" * 200, "=;=;")),
                    ("Content-Encoding", ("gzip",)),
                )
            )  # fmt: skip
            headers[name] = random.choice(values)
        return headers

    def _body(self, pieces: Sequence[str]) -> tuple[bytes, str]:
        random = self.random
        content_type = random.choice(CONTENT_TYPES)
        form = random.random()
        if form < 0.4:
            text = "&".join(piece for piece in pieces if random.random() < 0.5)
            return text.encode("latin-1"), content_type
        if form < 0.55:
            return "&".join(self._piece() for _ in range(5)).encode("latin-1"), content_type
        if form < 0.75:
            return self._multipart(), random.choice((content_type, "multipart/form-data; boundary=xx"))
        if form < 0.8:
            return random.randbytes(random.choice((0, 1, 50, 3000))), content_type
        return random.choice(LONG), random.choice((content_type, CONTENT_TYPES[0]))

    def _multipart(self) -> bytes:
        random = self.random
        name = quote(random.choice(NAMES), safe="") or "x"
        value = random.choice(ODD).encode("utf-8", "replace")
        head = random.choice(
            (
                f'Content-Disposition: form-data; name="{name}"',
                f'Content-Disposition: form-data; name="{name}"; filename="x.txt"',
                "Content-Disposition: form-data",
                "Content-Disposition: \xff; name",
                f'Content-Disposition: form-data; name="{name}"\r\nContent-Transfer-Encoding: base64',
            )
        )
        end = random.choice((b"\r\n--xx--\r\n", b"\r\n--xx\r\n", b"", b"\r\n--yy--"))
        return b"--xx\r\n" + head.encode("latin-1") + b"\r\n\r\n" + value + end
