"""Who is asked: a shop at an address, over HTTP, or the shop of this process.

Key and token go in the form of a POST, which both take and which no server's log shows.
"""

import io
import ipaddress
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3 import HTTPHeaderDict

from tillroll.cli.comparing.answers import Answer, read_answer
from tillroll.cli.comparing.mirrors import read_round
from tillroll.cli.comparing.questions import Question, ask
from tillroll.cli.refusals import Refusal
from tillroll.intake.remote.credentials import Credentials

TIMEOUT = urllib3.Timeout(connect=10, read=60)
LARGEST_ANSWER = 50_000_000
"""Bytes: ten times what a hundred of anything takes."""

TRIES = 3
LONGEST_WAIT = 30.0
"""Seconds that a shop may have us wait before it is asked once more."""

BUSY = (429, 502, 503, 504)
PROBE = ask("products", pair="none", number="1")
FORM = "application/x-www-form-urlencoded"
WRONG_TOKEN = "0" * 32  # no secret


class Side(Protocol):
    """One of the two; `name` is how messages call it."""

    name: str

    def ask(self, question: Question) -> Answer: ...


def write_form(question: Question, credentials: Credentials) -> str:
    if question.pair == "none":
        return ""
    token = WRONG_TOKEN if question.pair == "wrong" else credentials.token
    return urlencode({"key": credentials.key, "token": token})


class Here:
    """The shop of this process, asked without a server."""

    name = "this Tillroll"

    def __init__(self, credentials: Credentials) -> None:
        from tillroll.eddapi.app import application

        self._credentials = credentials
        self._application = application

    def ask(self, question: Question) -> Answer:
        form = write_form(question, self._credentials).encode()
        path, _, query = question.address.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": "POST" if form else "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": FORM if form else "",
            "CONTENT_LENGTH": str(len(form)),
            "wsgi.input": io.BytesIO(form),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
            "wsgi.multithread": False,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        started: list[tuple[int, dict[str, str]]] = []

        def start(status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
            started.append((int(status[:3]), {name.lower(): value for name, value in headers}))

        pieces = self._application(environ, start)
        try:
            content = b"".join(pieces)
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        status, headers = started[-1]
        if status == 429:
            raise Refusal(f"{self.name} says that the key has used up its limit; take one without limits.")
        return read_answer(
            status, content, headers.get("x-edd-missing-capability", ""), read_round(HTTPHeaderDict(headers))
        )


class _Reply(NamedTuple):
    status: int
    headers: HTTPHeaderDict
    content: bytes


class Remote:
    """A shop at an address, asked over HTTP, once after another and never faster than `rate` a second."""

    def __init__(
        self,
        address: str,
        credentials: Credentials,
        rate: float,
        *,
        option: str,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = self._base = read_base(address, option)
        self.is_tillroll = False
        self._credentials = credentials
        self._gap = 1 / rate
        self._next = 0.0
        self._sleep = sleep
        self._clock = clock
        self._is_plain = False
        self._pool = urllib3.PoolManager(retries=False, timeout=TIMEOUT)

    def find(self) -> None:
        """Finds by which kind of address the API answers. Raises Refusal where it does by none."""
        for self._is_plain in (False, True):
            reply = self._send(PROBE)
            if 300 <= reply.status < 400:
                there = urlsplit(reply.headers.get("Location", ""))
                if there.hostname and there.hostname != urlsplit(self._base).hostname:
                    raise Refusal(
                        f"{self.name} sends on to {there.scheme}://{there.netloc}; name that address."
                    )
                if there.scheme == "https" and self._base.startswith("http:"):
                    raise Refusal(f"{self.name} sends on to https; name that address.")
                continue
            answer = read_answer(reply.status, reply.content)
            if answer.status == 200 and isinstance(answer.data, dict) and "products" in answer.data:
                self.is_tillroll = "X-EDD-Total" in reply.headers
                return
            if answer.kind == "page" and reply.content.lstrip().startswith(b"{"):
                raise Refusal(f"{self.name} answers with broken JSON; look at its answer to {PROBE.address}.")
        raise Refusal(
            f"No EDD API answers at {self.name} (status {reply.status});"
            " is the address right, and EDD active?"
        )

    def ask(self, question: Question) -> Answer:
        reply = self._send(question)
        return read_answer(
            reply.status,
            reply.content,
            reply.headers.get("X-EDD-Missing-Capability", "") or "",
            read_round(reply.headers),
        )

    def _send(self, question: Question) -> _Reply:
        """The answer; what is busy is asked again, after as long as it says. Raises Refusal."""
        url = self._base + question.address
        if self._is_plain:
            query = urlencode({"edd-api": f"{question.version}/{question.endpoint}"})
            rest = urlencode(question.parameters)
            url = f"{self._base}/?{query}" + (f"&{rest}" if rest else "")
        form = write_form(question, self._credentials)
        wait = 1.0
        for last in (*[False] * (TRIES - 1), True):
            reply = self._send_once(url, form)
            if reply.status not in BUSY or last:
                break
            told = reply.headers.get("Retry-After") or ""
            is_told = told.isascii() and told.isdigit()
            self._sleep(min(float(told), LONGEST_WAIT) if is_told else wait)
            wait *= 3
        if reply.status in BUSY:
            raise Refusal(f"{self.name} is too busy (status {reply.status}); try again later, or --rate 1.")
        return reply

    def _send_once(self, url: str, form: str) -> _Reply:
        if (ahead := self._next - self._clock()) > 0:
            self._sleep(ahead)
        self._next = self._clock() + self._gap
        try:
            reply = self._pool.request(
                "POST" if form else "GET",
                url,
                body=form or None,
                headers={"User-Agent": "tillroll", **({"Content-Type": FORM} if form else {})},
                redirect=False,
                preload_content=False,
            )
            try:
                content = reply.read(LARGEST_ANSWER + 1)
            finally:
                reply.release_conn()
        except urllib3.exceptions.HTTPError as error:
            raise Refusal(f"{self.name} can't be asked: {describe(error)}.") from error
        if len(content) > LARGEST_ANSWER:
            raise Refusal(f"{self.name} sends more than {LARGEST_ANSWER:,} bytes for one answer.")
        return _Reply(reply.status, reply.headers, content)


def describe(error: urllib3.exceptions.HTTPError) -> str:
    """Why, without the address, which the library's own words repeat."""
    names = {
        urllib3.exceptions.NameResolutionError: "nobody knows its name",
        urllib3.exceptions.NewConnectionError: "nothing listens there",
        urllib3.exceptions.ConnectTimeoutError: "it can't be reached in time",
        urllib3.exceptions.ReadTimeoutError: "it doesn't answer in time",
        urllib3.exceptions.SSLError: "its certificate is not good",
        urllib3.exceptions.LocationParseError: "the address is no address",
    }
    return next((text for kind, text in names.items() if isinstance(error, kind)), "the connection broke off")


def read_base(address: str, option: str) -> str:
    """The home of a site from its address or that of its API. Raises Refusal for anything else."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise Refusal(f"{option} is no address; one looks like https://shop.example.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refusal(f"{option} must begin with https:// and name a host, such as https://shop.example.")
    if parts.username is not None or parts.password is not None:
        raise Refusal(f"{option} must not hold a name or password; others could read them.")
    if parts.scheme == "http" and not _is_near(parts.hostname):
        raise Refusal(f"{option} must begin with https://; over http others could read key and token.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = parts.path.partition("/edd-api")[0].removesuffix("/index.php").rstrip("/")
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{path}"


def _is_near(host: str) -> bool:
    """Whether what goes there stays on this machine or its private network."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False
