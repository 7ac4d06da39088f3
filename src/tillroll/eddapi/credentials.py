"""Who asks: key and token from the query, the form or HTTP Basic, looked up in access ([CONTRACT]
Credentials)."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import msgspec

from tillroll.access.keys import PUBLIC, Caller, UnknownKey, WrongToken, find_caller
from tillroll.eddapi.errors import Forbidden, Unauthenticated
from tillroll.eddapi.reading import Run
from tillroll.eddapi.request import Parameters


class Credentials(msgspec.Struct, frozen=True):
    """What was sent. Headers are read only when the parameters name neither key nor token."""

    key: str
    token: str
    is_header: bool = False


def read_credentials(environ: Mapping[str, Any], parameters: Parameters, *, from_query: bool) -> Credentials:
    """The pair that was sent, or halves of it; the query's don't count where the shop says so."""
    values = parameters.values if from_query else parameters.form
    key, token = values.get("key", ""), values.get("token", "")
    if key or token:
        return Credentials(key, token)
    scheme, _, rest = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "basic":
        return Credentials("", "", is_header=bool(scheme))
    try:
        key, _, token = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        key = token = ""
    return Credentials(key.replace("\x00", ""), token, is_header=True)


def authenticate(run: Run, credentials: Credentials, *, is_public: bool) -> Caller:
    """The caller. A public endpoint without a token is public, whatever the key ([3.6] 1.8), and a header
    that is not one of ours is ignored there. Raises Unauthenticated, Forbidden, or WrongToken, which names
    the holder."""
    if is_public and (not credentials.token or (not credentials.key and credentials.is_header)):
        return PUBLIC
    if not credentials.key or not credentials.token:
        raise Unauthenticated("You must specify both a token and API key!")
    try:
        return find_caller(credentials.key, credentials.token, run)
    except UnknownKey as error:
        if is_public and credentials.is_header:
            return PUBLIC
        raise Forbidden("Invalid API key!") from error
    except WrongToken as error:
        if is_public and credentials.is_header:
            return PUBLIC
        raise Forbidden("Your request could not be authenticated!") from error
