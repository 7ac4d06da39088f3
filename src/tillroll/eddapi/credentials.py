"""Who asks: key and token from the query, the form or HTTP Basic, or a key's bearer secret, looked up in
access ([CONTRACT] Credentials)."""

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from tillroll.access.digests import BEARER_PREFIX, read_bearer
from tillroll.access.keys import (
    PUBLIC,
    Found,
    SecretKind,
    UnknownKey,
    WrongAddress,
    WrongToken,
    find_caller,
)
from tillroll.access.throttle import TooManyFailures, key_throttle
from tillroll.eddapi.errors import Forbidden, TooManyRequests, Unauthenticated
from tillroll.eddapi.reading import Run
from tillroll.eddapi.request import Parameters


class Credentials(msgspec.Struct, frozen=True):
    """What was sent: the public key, and the secret that goes with it. Headers are read only when the
    parameters name neither key nor token."""

    key: str
    secret: str
    is_header: bool = False
    kind: SecretKind = SecretKind.TOKEN

    @property
    def is_anything(self) -> bool:
        """Whether something was sent at all."""
        return bool(self.key or self.secret or self.is_header)


class Scene(msgspec.Struct, frozen=True):
    """Where and when a key is used, and the state of access that the answer is read under (None: no key is
    kept)."""

    address: str
    now: datetime
    access: object


def read_credentials(environ: Mapping[str, Any], parameters: Parameters, *, from_query: bool) -> Credentials:
    """The pair that was sent, or halves of it; the query's don't count where the shop says so."""
    values = parameters.values if from_query else parameters.form
    key, token = values.get("key", ""), values.get("token", "")
    if key or token:
        return Credentials(key, token)
    scheme, _, rest = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer" and rest.strip().startswith(BEARER_PREFIX):
        secret = rest.strip()
        named = read_bearer(secret) or secret.removeprefix(BEARER_PREFIX).partition("_")[0]
        return Credentials(named.replace("\x00", ""), secret, is_header=True, kind=SecretKind.BEARER)
    if scheme.lower() != "basic":
        return Credentials("", "", is_header=bool(scheme))
    try:
        key, _, token = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        key = token = ""
    return Credentials(key.replace("\x00", ""), token, is_header=True)


def authenticate(run: Run, sent: Credentials, scene: Scene, *, is_public: bool) -> Found:
    """The caller, and whether their digest is to be renewed. A public endpoint without a token is public,
    whatever the key ([3.6] 1.8), and a header that is not one of ours is ignored there.

    Raises Unauthenticated, Forbidden (whose cause names the holder for the log, where the key is known), or
    TooManyRequests for an address that guesses.
    """
    if is_public and (not sent.secret or (not sent.key and sent.is_header)):
        return Found(PUBLIC)
    if not sent.key or not sent.secret:
        raise Unauthenticated("You must specify both a token and API key!")
    may_be_ignored = is_public and sent.is_header
    try:
        key_throttle.check(sent.key, scene.address)
        found = find_caller(
            sent.key,
            sent.secret,
            run,
            now=scene.now,
            revision=scene.access,
            kind=sent.kind,
            address=scene.address,
        )
    except TooManyFailures as error:
        if may_be_ignored:
            return Found(PUBLIC)
        raise TooManyRequests(
            "Too many wrong keys came from your address; try again later!",
            {"Retry-After": str(error.seconds)},
        ) from error
    except WrongAddress as error:
        raise Forbidden("This key may not be used from your address!") from error
    except (UnknownKey, WrongToken) as error:
        if not (may_be_ignored and isinstance(error, UnknownKey)):  # a foreign header names no key of ours
            key_throttle.note_failure(scene.address)
        if may_be_ignored:
            return Found(PUBLIC)
        if isinstance(error, UnknownKey):
            raise Forbidden("Invalid API key!") from error
        raise Forbidden("Your request could not be authenticated!") from error
    key_throttle.note_success(sent.key, scene.address)
    return found
