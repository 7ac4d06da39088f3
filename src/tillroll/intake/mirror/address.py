"""Which database a mirror follows: mysql://user@host:port/database, and how the way there is kept safe."""

import ipaddress
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

_PORT = 3306


class AddressError(ValueError):
    """An address that names no database to follow; the sentence says what is wanted."""


class Tls(StrEnum):
    """Whether the way to the database is encrypted."""

    AUTO = "auto"
    """It must be, except to this machine; certificates are checked where an authority is given."""
    OFF = "off"
    REQUIRE = "require"
    """It must be, whoever answers."""
    VERIFY = "verify"
    """It must be, and the certificate must be the host's."""


@dataclass(frozen=True)
class Address:
    """A database and who reads it. Its text names everything but the password."""

    user: str
    host: str
    port: int
    database: str
    socket: str = ""
    password: str = field(default="", repr=False)
    tls: Tls = Tls.AUTO
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORT else f":{self.port}"
        socket = f"?socket={self.socket}" if self.socket else ""
        return f"mysql://{quote(self.user)}@{host}{port}/{quote(self.database)}{socket}"

    def get_options(self) -> dict[str, Any]:
        """What PyMySQL takes of it. Raises AddressError for files that are no certificates."""
        options: dict[str, Any] = {
            "user": self.user,
            "password": self.password,
            "database": self.database,
        }
        if self.socket:
            return {**options, "unix_socket": self.socket}
        options |= {"host": self.host, "port": self.port}
        if self.tls == Tls.OFF or (self.tls == Tls.AUTO and not self.authority and _is_here(self.host)):
            return {**options, "ssl_disabled": True}
        return {**options, "ssl": self._make_context()}

    def _make_context(self) -> ssl.SSLContext:
        """Unencrypted is then no way to go on. The host's name is checked where its certificate is."""
        try:
            context = ssl.create_default_context(cafile=self.authority)
            if self.certificate:
                context.load_cert_chain(self.certificate, self.key)
        except (ssl.SSLError, OSError) as error:
            raise AddressError(f"The files given for TLS can't be used: {error}.") from error
        if self.tls != Tls.VERIFY and not self.authority:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def parse_address(text: str) -> Address:
    """mysql://reader@db.example:3307/wordpress, or with ?socket=/run/mysqld/mysqld.sock on this machine.

    Raises AddressError. A password has no place in it: it would stand in the list of processes.
    """
    wanted = "a mirror takes mysql://user@host/database"
    try:
        parts = urlsplit(text)
        port = parts.port or _PORT
    except ValueError as error:
        raise AddressError(f"The source's address can't be read ({error}): {wanted}.") from error
    if parts.password is not None:
        raise AddressError(
            "A password in the source's address could be read by every user of this machine: leave it out,"
            " and give it by TILLROLL_MIRROR_PASSWORD, --password-file or at the prompt."
        )
    if parts.scheme not in ("mysql", "mariadb"):
        raise AddressError(f"The source's address begins with mysql://: {wanted}.")
    database = unquote(parts.path.strip("/"))
    if not parts.username or not database or "/" in database:
        raise AddressError(f"The source's address names no user or no database: {wanted}.")
    options = parse_qs(parts.query, keep_blank_values=True)
    if unknown := sorted(options.keys() - {"socket"}):
        raise AddressError(f"The source's address has an option {unknown[0]}: it takes socket alone.")
    return Address(
        unquote(parts.username), parts.hostname or "localhost", port, database, options.get("socket", [""])[0]
    )


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
