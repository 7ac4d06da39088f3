"""The key and token of another shop: from the environment, a file or a terminal, never from the command line,
which others on the machine can read."""

import sys
from pathlib import Path

import click

from tillroll.cli.refusals import Refusal
from tillroll.intake.remote.credentials import Credentials

LARGEST_FILE = 10_000
"""Bytes of a credentials file: a hundred times what two lines need."""


def read_credentials(file: Path | None) -> Credentials:
    """From a file where one is named, else from TILLROLL_SHOP_KEY and TILLROLL_SHOP_TOKEN, else typed. Raises
    Refusal where there are none."""
    from django.conf import settings

    if file is not None:
        words = _read_file(file)
        if len(words) != 2:
            raise Refusal(f"{file} must have two lines, the key and its token; it has {len(words)}.")
        return _check(*words)
    key, token = settings.SHOP_KEY, settings.SHOP_TOKEN
    if not (key and token) and sys.stdin.isatty():
        key = key or click.prompt("Key", err=True)
        token = token or click.prompt("Token", err=True, hide_input=True)
    if not (key and token):
        raise Refusal(
            "Key and token are missing: set TILLROLL_SHOP_KEY and TILLROLL_SHOP_TOKEN, or name a file with"
            " both by --credentials."
        )
    return _check(key, token)


def _read_file(file: Path) -> list[str]:
    with file.open("rb") as opened:
        content = opened.read(LARGEST_FILE)
    try:
        return content.decode().split()
    except UnicodeDecodeError:
        raise Refusal(f"{file} is no text; it must have two lines, the key and its token.") from None


def _check(key: str, token: str) -> Credentials:
    if not all(word.isascii() and word.isprintable() and " " not in word for word in (key, token)):
        raise Refusal("The key or the token has blanks or marks that no key has; copy them anew.")
    return Credentials(key, token)
