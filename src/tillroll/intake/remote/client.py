"""Asks another shop's API, gently: in turn, again after a failure, and never elsewhere than at that shop.

Neither a sentence nor a log line has an address with its query, where real EDD wants key and token: what
urllib3 raises is told by its type alone, and not chained.
"""

import logging
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3
from urllib3 import exceptions

from tillroll import __version__
from tillroll.access.digests import BEARER_PREFIX
from tillroll.intake.remote.address import Address
from tillroll.intake.remote.credentials import Credentials
from tillroll.intake.remote.pace import LONGEST_WAIT, Pace, get_backoff, read_retry_after
from tillroll.intake.remote.refused import Overwhelmed, PullRefused, Unreached
from tillroll.intake.remote.said import get_error, is_json, to_line

TRIES = 6
"""Times that a request is sent before the pull gives up: with the waits between, half a minute and more."""

MOST_REDIRECTS = 5
LARGEST_BODY = 200_000_000
"""Bytes of an answer that are read; more than any page has."""

CONNECT_SECONDS, READ_SECONDS, ANSWER_SECONDS = 15.0, 90.0, 300.0
"""For a connection, for the next piece, and for an answer as a whole."""

_REDIRECTS = (301, 302, 303, 307, 308)
_CHUNK = 1 << 16


class Reply(NamedTuple):
    """An answer as it came; names of headers in small letters."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def is_json(self) -> bool:
        return is_json(self.content)


class _Again(Exception):
    """A request that may succeed later; `seconds` where the shop said when."""

    def __init__(self, final: PullRefused, seconds: float | None = None) -> None:
        self.final = final
        self.seconds = seconds


class Client:
    """One shop's API. `speaks_tillroll` is known once `recognise` was called."""

    def __init__(
        self, address: Address, credentials: Credentials, pace: Pace, *, ca: Path | None = None
    ) -> None:
        logging.getLogger("urllib3").setLevel(logging.WARNING)  # it would log addresses with their query
        self.address = address
        self.speaks_tillroll = False
        self.requests = 0
        self._credentials = credentials
        self._pace = pace
        self._is_plain = False
        self._is_known = False
        self._failures = 0
        self._pool = urllib3.PoolManager(
            num_pools=1, maxsize=1, ssl_context=_make_context(ca), timeout=self._get_timeout()
        )

    @staticmethod
    def _get_timeout() -> urllib3.Timeout:
        return urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)

    def close(self) -> None:
        self._pool.clear()

    def recognise(self) -> None:
        """Finds out, before any secret is sent, whether that is a shop and of which kind: public products
        are asked for, by an address as such sites have them, or by the home page's query."""
        for self._is_plain in (False, True):
            reply = self._get("products", {"number": "1"}, as_public=True)
            if reply.is_json:
                break
        else:
            raise PullRefused(
                f"{self.address.home} answers with no EDD API but with a web page ({reply.status});"
                " give the shop's home address, below which /edd-api/ is."
            )
        error = get_error(reply.content)
        if not error and b'"products"' not in reply.content:
            raise PullRefused(
                f"{self.address.home} is no shop with EDD: what answers there knows no products."
            )
        if reply.status in (400, 404):
            raise PullRefused(
                f"{self.address.home} does not speak version 2 of EDD's API ({error});"
                " update the plugin there."
            )
        self.speaks_tillroll = "x-edd-total" in reply.headers
        self._is_known = True

    def get(
        self,
        endpoint: str,
        parameters: Mapping[str, str],
        *,
        as_public: bool = False,
        version: str = "v2",
        tries: int = TRIES,
    ) -> Reply:
        """The JSON that an endpoint answers. Raises Overwhelmed, Unreached, or another PullRefused where
        asking again would not help."""
        reply = self._get(endpoint, parameters, as_public=as_public, version=version, tries=tries)
        if reply.status == 200:
            return reply
        error = self._hide(get_error(reply.content))
        if reply.status in (401, 403):
            if not reply.is_json:
                raise PullRefused(
                    f"{self.address.host} turned the request away with a web page ({reply.status}); a"
                    " firewall there may have to let this machine's requests for /edd-api/ pass."
                )
            raise PullRefused(
                f"{self.address.host} does not take the key ({error}); it must be an administrator's, with"
                " its token."
            )
        raise PullRefused(
            f"{self.address.host} answered {reply.status} for {endpoint} ({error or 'no reason'})."
        )

    def _get(
        self,
        endpoint: str,
        parameters: Mapping[str, str],
        *,
        as_public: bool,
        version: str = "v2",
        tries: int = TRIES,
    ) -> Reply:
        for attempt in range(1, tries + 1):
            self._pace.wait()
            try:
                reply = self._ask(endpoint, parameters, as_public=as_public, version=version)
            except _Again as again:
                self._failures += 1
                if again.seconds is not None and again.seconds > LONGEST_WAIT:
                    raise Unreached(
                        f"{self.address.host} wants no more requests for {again.seconds / 3600:.1f} hours;"
                        " come again then."
                    ) from None
                if attempt == tries:
                    raise again.final from None
                self._pace.sleep(get_backoff(self._failures) if again.seconds is None else again.seconds)
                continue
            self._failures = 0
            return reply
        raise AssertionError("The last attempt returns or raises.")

    def _ask(self, endpoint: str, parameters: Mapping[str, str], *, as_public: bool, version: str) -> Reply:
        path, values, headers = self._address(endpoint, parameters, as_public=as_public, version=version)
        for _ in range(MOST_REDIRECTS + 1):
            reply = self._send(f"{self.address.origin}{path}?{urlencode(values)}", headers)
            if reply.status not in _REDIRECTS:
                break
            path = self._follow(path, reply.headers.get("location", ""))
        else:
            raise PullRefused(f"{self.address.host} redirects in a circle.")
        return self._check(reply)

    def _address(
        self, endpoint: str, parameters: Mapping[str, str], *, as_public: bool, version: str
    ) -> tuple[str, dict[str, str], dict[str, str]]:
        """Path, query and headers of a request. EDD knows credentials in the query alone."""
        target = f"{version}/{endpoint}" if version else endpoint
        headers = {"accept-encoding": "gzip", "user-agent": f"tillroll/{__version__}"}
        values = dict(parameters)
        if self._is_plain:
            path, values = f"{self.address.path}/", {"edd-api": target, **values}
        else:
            path = f"{self.address.path}/edd-api/{target}/"
        if as_public:
            return path, values, headers
        key, token = self._credentials.key, self._credentials.token
        if not self.speaks_tillroll:
            values |= {"key": key, "token": token}
        elif token.startswith(BEARER_PREFIX):
            headers["authorization"] = f"Bearer {token}"
        else:
            headers |= urllib3.make_headers(basic_auth=f"{key}:{token}")
        return path, values, headers

    def _send(self, url: str, wanted: Mapping[str, str]) -> Reply:
        host = self.address.host
        began = self._pace.now()
        self.requests += 1
        try:
            response = self._pool.request(
                "GET", url, headers=dict(wanted), retries=False, redirect=False, preload_content=False
            )
            try:
                content = bytearray()
                for chunk in response.stream(_CHUNK, decode_content=True):
                    content += chunk
                    if len(content) > LARGEST_BODY or self._pace.now() - began > ANSWER_SECONDS:
                        response.close()
                        raise _Again(Overwhelmed(f"{host} sends an answer that does not end."))
            finally:
                response.release_conn()
        except exceptions.SSLError as error:
            raise PullRefused(_describe_tls(host, error)) from None
        except exceptions.NameResolutionError:
            raise _Again(Unreached(f"{host} can't be reached: no host has that name.")) from None
        except (exceptions.NewConnectionError, exceptions.ConnectTimeoutError):
            raise _Again(Unreached(f"{host} can't be reached: nothing answers there.")) from None
        except exceptions.ReadTimeoutError:
            raise _Again(Overwhelmed(f"{host} took too long to answer.")) from None
        except exceptions.LocationValueError:
            raise PullRefused(f"{host} is no host's name.") from None
        except (exceptions.HTTPError, OSError):
            raise _Again(Overwhelmed(f"{host} broke off its answer.")) from None
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status, headers, bytes(content))

    def _check(self, reply: Reply) -> Reply:
        """The reply, unless it is one that may be another in a while."""
        host, status = self.address.host, reply.status
        seconds = read_retry_after(reply.headers.get("retry-after"))
        if status == 429:
            raise _Again(Unreached(f"{host} says that there were too many requests (429)."), seconds)
        if status == 503 and seconds is not None:
            raise _Again(Unreached(f"{host} is not there for now (503)."), seconds)
        if status >= 500:
            raise _Again(Overwhelmed(f"{host} fails ({status})."))
        if status == 200 and not reply.is_json:
            if reply.content.lstrip()[:1] == b"{":
                raise _Again(Overwhelmed(f"{host} breaks off its answers in the middle."))
            if self._is_known:
                raise _Again(Overwhelmed(f"{host} answers with a web page where its API was."))
        return reply

    def _follow(self, path: str, location: str) -> str:
        """The path that a redirect within the shop leads to. Raises PullRefused for any other: the key is
        for this shop alone."""
        try:
            parts = urlsplit(urljoin(f"{self.address.origin}{path}", location))
            origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        except ValueError:
            raise PullRefused(f"{self.address.host} redirects to no address.") from None
        if not location or origin.lower() != self.address.origin.lower():
            raise PullRefused(
                f"{self.address.home} redirects to {to_line(origin)}, where the key is not sent;"
                f" if that is the same shop, pull {to_line(origin)}/ instead."
            )
        return parts.path or "/"

    def get_reason(self, reply: Reply, otherwise: str) -> str:
        """Why an answer has no records: EDD's own word, or the right that is missing."""
        said = get_error(reply.content) or reply.headers.get("x-edd-missing-capability", "")
        return self._hide(to_line(said)) or otherwise

    def _hide(self, text: str) -> str:
        """What a shop says, without the secrets that it may repeat."""
        for secret in (self._credentials.token, self._credentials.key):
            if secret:
                text = text.replace(secret, "…")
        return text


def _make_context(ca: Path | None) -> ssl.SSLContext:
    """Verifies by the system's authorities, and by one's own where a file names it."""
    context = ssl.create_default_context()
    if ca:
        try:
            context.load_verify_locations(ca)
        except (OSError, ssl.SSLError):
            raise PullRefused(f"{ca} holds no certificate of an authority (PEM) that can be read.") from None
    return context


def _describe_tls(host: str, error: exceptions.SSLError) -> str:
    reason = error.args[0] if error.args else None
    if isinstance(reason, ssl.SSLCertVerificationError):
        return (
            f"The certificate of {host} is not trusted ({reason.verify_message});"
            " name an authority of your own by --tls-ca."
        )
    return f"No secure connection to {host} comes about; is https:// right there?"
