"""Where the other shop is: its home, below which it has /edd-api/.

Credentials go over https alone, but to this machine itself, or where the user says that it may be.
"""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from tillroll.intake.remote.refused import PullRefused

_PLAIN_HOST = re.compile(r"[A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\]")
_API = re.compile(r"/(?:index\.php/)?edd-api(?:/.*)?$")

EXAMPLE = "https://shop.example/"


@dataclass(frozen=True)
class Address:
    """A shop's home: `origin` is scheme and host, `path` the folder that it is in, without a slash at the
    end."""

    origin: str
    path: str = ""

    @property
    def home(self) -> str:
        """The name of the source."""
        return f"{self.origin}{self.path}"

    @property
    def host(self) -> str:
        return urlsplit(self.origin).netloc


def read_address(text: str, *, may_be_insecure: bool = False) -> Address:
    """The shop that a text names; an address of its API is understood too. Raises PullRefused; no sentence
    repeats what may be a password."""
    given = text.strip()
    try:
        parts = urlsplit(given)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise PullRefused(f"That is no address of a shop; give it as {EXAMPLE}.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise PullRefused(f"A shop's address begins with https://, as in {EXAMPLE}.")
    if "@" in parts.netloc:
        raise PullRefused(
            "An address with a user and a password in it is not taken: the command line is no place for"
            " secrets. Key and token come from TILLROLL_SHOP_KEY and TILLROLL_SHOP_TOKEN, or from a file."
        )
    if parts.query or parts.fragment:
        raise PullRefused(f"Give the shop's home address alone, without ? and #, as in {EXAMPLE}.")
    shown = f"[{host}]" if ":" in host else host
    if not _PLAIN_HOST.fullmatch(shown) or re.search(r"[\x00-\x20\x7f\\]", parts.path):
        raise PullRefused(f"That is no address of a shop; give it as {EXAMPLE}.")
    if parts.scheme == "http" and not may_be_insecure and not _is_loopback(host):
        raise PullRefused(
            f"http://{shown} would carry the key and its token in clear; use https://, or --insecure where"
            " the way there is safe by itself."
        )
    is_usual = port in (None, {"http": 80, "https": 443}[parts.scheme])
    origin = f"{parts.scheme}://{shown}{'' if is_usual else f':{port}'}"
    return Address(origin, _API.sub("", parts.path).rstrip("/"))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
