"""A request on its way: what becomes known of it for the answer, and the line that it leaves in the request
log."""

import logging
import re
from time import perf_counter

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from tillroll.access.addresses import get_client_address
from tillroll.access.grants import Allowance
from tillroll.access.keys import PUBLIC, Caller, find_key
from tillroll.access.log import Line, request_log, shorten
from tillroll.eddapi.age import Age
from tillroll.eddapi.credentials import Credentials
from tillroll.eddapi.errors import GateError
from tillroll.eddapi.formats import Format
from tillroll.eddapi.request import Address, Environ, Request, read_format
from tillroll.eddapi.shop import Shop

logger = logging.getLogger(__name__)

_WORDS = re.compile(r"[A-Za-z0-9./_-]{0,32}")


class Visit:
    """Filled step by step; what a gate stopped early has the rest empty."""

    __slots__ = (
        "address",
        "age",
        "allowance",
        "asked",
        "caller",
        "client",
        "credentials",
        "described",
        "environ",
        "is_counted",
        "method",
        "now",
        "shop",
        "started",
    )

    def __init__(self, environ: Environ) -> None:
        self.started = perf_counter()
        self.now = timezone.now()
        self.environ = environ
        self.method: str = environ.get("REQUEST_METHOD", "GET")
        self.address: Address | None = None
        self.age: Age | None = None
        self.shop: Shop | None = None
        self.asked: Request | None = None
        self.credentials: Credentials | None = None
        self.caller: Caller = PUBLIC
        self.described: tuple[object, ...] = ()
        self.client = get_client_address(environ)
        self.allowance: Allowance = ()
        self.is_counted = False

    @property
    def format(self) -> Format:
        """The form of the answer, also of one that was stopped before its format was looked at."""
        if self.asked is not None:
            return self.asked.format
        if self.address is not None and not self.address.value:
            return Format.JSON
        try:
            return read_format(self.address.parameters) if self.address else Format.JSON
        except GateError:
            return Format.JSON

    @property
    def is_pretty(self) -> bool:
        return self.address is not None and self.address.parameters.get("pretty") == "1"

    def get_seconds(self) -> float:
        """How long the request has taken so far."""
        return perf_counter() - self.started

    def log(self, status: int, error: str, size: int) -> None:
        """A line for every attempt that names a key; public reads by setting ([CONTRACT] Request log)."""
        shop, sent, address, asked = self.shop, self.credentials, self.address, self.asked
        if shop is None or sent is None or address is None or not shop.settings.log_requests:
            return
        named = sent.key or address.parameters.text("key")  # also one that doesn't count, in the query
        if not named and not shop.settings.log_public_requests:
            return
        caller, key_start = self.caller, ""
        if caller.key_id is None and named:
            if self._is_ignored(sent):
                key_start, error = named[:6], error or "The header was ignored."
            else:
                caller = _find_holder(named)
                key_start = "" if caller.key_id else named[:6]
        request_log.add(
            Line(
                self.now,
                caller.user_id,
                caller.user_name,
                caller.key_id,
                caller.key_label,
                key_start,
                asked.version if asked else "",
                asked.endpoint if asked else _get_safe_start(address.value),
                shorten(address.parameters.question),
                status,
                shorten(error) if error else "",
                self.client,
                (perf_counter() - self.started) * 1000,
                size,
            )
        )

    def _is_ignored(self, sent: Credentials) -> bool:
        """Whether a wrong header made somebody a reader of public products: the line is not the holder's."""
        is_public = self.asked is not None and self.asked.endpoint == "products" and self.caller is PUBLIC
        return is_public and sent.is_header and bool(sent.key and sent.secret)


def _find_holder(public_key: str) -> Caller:
    try:
        key = find_key(public_key)
    except (OperationalError, InterfaceError):
        logger.exception("The key of a request can't be looked up for the log.")
        return PUBLIC
    return key.caller if key else PUBLIC


def _get_safe_start(value: str) -> str:
    """What of an unknown endpoint may be logged: a URL that was put together wrongly has the token in its
    path."""
    match = _WORDS.match(value)
    return match[0] if match else ""
