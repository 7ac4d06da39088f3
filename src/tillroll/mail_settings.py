"""Where e-mail goes out, from one address: smtp://user:password@host:587 or smtps://host:465.

A password never travels in the open: smtp:// switches to TLS (STARTTLS) before anything is said, except to
this machine itself.
"""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

HERE = ("localhost", "127.0.0.1", "::1")
PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Mail:
    """Django's settings of e-mail; without a host nothing is sent."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    use_tls: bool = False
    use_ssl: bool = False
    sender: str = ""

    @property
    def is_on(self) -> bool:
        return bool(self.host)

    @property
    def backend(self) -> str:
        return f"django.core.mail.backends.{'smtp' if self.is_on else 'dummy'}.EmailBackend"


def read_mail(url: str, sender: str) -> Mail:
    """The settings that TILLROLL_EMAIL_URL and TILLROLL_EMAIL_FROM describe; none where both are empty.

    ImproperlyConfigured says what is wrong, without the address, which holds a password.
    """
    url, sender = url.strip(), sender.strip()
    if not (url or sender):
        return Mail()
    if not url or "@" not in sender:
        _refuse("TILLROLL_EMAIL_URL and TILLROLL_EMAIL_FROM (shop@example.com) go together; set both.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in PORTS or not host or parts.path.strip("/"):
        _refuse("TILLROLL_EMAIL_URL takes smtp://user:password@host:587 or smtps://user:password@host:465.")
    is_smtps = parts.scheme == "smtps"
    return Mail(
        host,
        port or (25 if host in HERE and not is_smtps else PORTS[parts.scheme]),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        use_tls=not is_smtps and host not in HERE,
        use_ssl=is_smtps,
        sender=sender,
    )


def read_public_url(url: str, *, is_needed: bool) -> str:
    """Scheme and host of TILLROLL_PUBLIC_URL without a slash behind; empty where it is not needed."""
    url = url.strip().rstrip("/")
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path):
        _refuse("TILLROLL_PUBLIC_URL takes scheme and host of the shop, such as https://shop.example.")
    if is_needed and not url:
        _refuse("Mails hold links: set TILLROLL_PUBLIC_URL (https://shop.example) beside TILLROLL_EMAIL_URL.")
    return url


def _refuse(sentence: str) -> None:
    from django.core.exceptions import ImproperlyConfigured

    raise ImproperlyConfigured(sentence)
