"""What commands that read a shop's database take: its address, the password and the way there."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tillroll.cli.refusals import Refusal

if TYPE_CHECKING:
    from tillroll.intake.mirror.address import Address

Command = TypeVar("Command", bound=Callable[..., Any])

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)

_OPTIONS = (
    click.option("--password-file", type=_FILE, help="A file with the user's password in its first line."),
    click.option(
        "--tls",
        type=click.Choice(["auto", "off", "require", "verify"]),
        default="auto",
        show_default=True,
        help="auto: encrypted, but for this machine; verify: the certificate is checked too.",
    ),
    click.option("--tls-ca", type=_FILE, help="The authority that signed the database's certificate."),
    click.option("--tls-cert", type=_FILE, help="Our own certificate, where the database wants one."),
    click.option("--tls-key", type=_FILE, help="The key of our own certificate."),
)


def source_options(command: Command) -> Command:
    """The options that `read_address` takes."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def read_address(
    source: str,
    *,
    password_file: Path | None,
    tls: str,
    tls_ca: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> "Address":
    """The address with its password, which is taken from a file, from TILLROLL_MIRROR_PASSWORD or asked
    for."""
    from tillroll.intake.mirror.address import AddressError, Tls, parse_address

    try:
        address = parse_address(source)
    except AddressError as error:
        raise Refusal(str(error)) from error
    return replace(
        address,
        password=_find_password(address.user, password_file),
        tls=Tls(tls),
        authority=tls_ca,
        certificate=tls_cert,
        key=tls_key,
    )


def _find_password(user: str, file: Path | None) -> str:
    from django.conf import settings

    if file is not None:
        try:
            return file.read_text(encoding="utf-8").split("\n")[0].rstrip("\r")
        except (OSError, UnicodeError) as error:
            raise Refusal(f"The password file {file} can't be read: {error}.") from error
    password: str | None = settings.MIRROR_PASSWORD
    if password is None and sys.stdin.isatty():
        password = click.prompt(f"Password of {user}", default="", show_default=False, hide_input=True)
    return password or ""
