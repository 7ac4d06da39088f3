"""Questions that a worker has seen before, to the letter: read once, and its key looked at once, for as long
as settings and access stay what they are.

A question is known by a keyed hash of all that it is read from, the client's address included; what is kept
holds no secret. What time decides (whether a key is over, what is left of its limits) is looked at each time.
"""

import secrets
from collections import OrderedDict
from datetime import datetime
from hashlib import blake2b
from threading import Lock

import msgspec

from tillroll.access.keys import Caller
from tillroll.eddapi.credentials import Credentials
from tillroll.eddapi.request import LONGEST_KEPT, Address, Environ, Request, is_secret
from tillroll.eddapi.visit import Visit
from tillroll.shop.revision import Revision

MOST_KEPT = 2_000
"""Questions that a worker recognises: about six megabytes."""

_SECRET = secrets.token_bytes(32)

State = tuple[Revision, Revision, Revision]
"""The revisions of settings and access, and the store, that a question was read under."""


class Recognised(msgspec.Struct, frozen=True):
    """What was read of a question, without its secret, and who may ask it until when."""

    state: State
    address: Address
    sent: Credentials
    asked: Request
    caller: Caller
    described: tuple[object, ...]
    expires_at: datetime | None


class Recognition:
    """The least recently asked ones go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Recognised] = OrderedDict()
        self._lock = Lock()

    def find(self, name: bytes, state: State, now: datetime) -> Recognised | None:
        """What is known of a question; None when it has to be read, which also ends a key that is over."""
        with self._lock:
            known = self._kept.get(name)
            if known is None or known.state != state or (known.expires_at and known.expires_at <= now):
                return None
            self._kept.move_to_end(name)
            return known

    def keep(self, name: bytes, known: Recognised) -> None:
        with self._lock:
            self._kept[name] = known
            self._kept.move_to_end(name)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)

    def forget(self) -> None:
        """Drops everything: for a store that was exchanged under a running process."""
        with self._lock:
            self._kept.clear()


def name_question(environ: Environ, client: str) -> bytes | None:
    """The keyed hash of a question; None for one with a body, or a long one."""
    get = environ.get
    if get("REQUEST_METHOD") not in ("GET", "HEAD"):
        return None
    told = f"{get('PATH_INFO')}\n{get('QUERY_STRING')}\n{get('HTTP_AUTHORIZATION')}\n{client}"
    if len(told) > LONGEST_KEPT:
        return None
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16, key=_SECRET).digest()


def keep(name: bytes, visit: Visit, state: State, expires_at: datetime | None) -> None:
    """Keeps what was read of a question that was let in, with nothing by which anybody else could be. One
    with something like a secret in another place is read anew each time: it can't be kept whole."""
    address, sent, asked = visit.address, visit.credentials, visit.asked
    assert address and sent and asked  # noqa: S101,PT018 (it was let in)
    read = address.parameters
    values = {name: value for name, value in read.values.items() if name != "token"}
    listed = ((name, value) for name, many in read.lists.items() for value in many)
    if any(is_secret(name, value) for name, value in (*values.items(), *listed) if name != "key"):
        return
    parameters = msgspec.structs.replace(read, values=values, form={})
    recognition.keep(
        name,
        Recognised(
            state,
            msgspec.structs.replace(address, parameters=parameters),
            msgspec.structs.replace(sent, secret=""),
            msgspec.structs.replace(asked, parameters=parameters),
            visit.caller,
            visit.described,
            expires_at,
        ),
    )


recognition = Recognition()
