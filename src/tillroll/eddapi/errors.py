"""Errors of the gates, in front of the endpoints: a status and EDD's one-member body, rendered once.

What an endpoint finds wrong or missing is no error of this kind: EDD answers 200 with an `error` member.
"""

from collections.abc import Mapping


class GateError(Exception):
    """An answer other than 200; `text` is the wire's own wording."""

    status = 400

    def __init__(self, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.headers = dict(headers or {})


class BadRequest(GateError):
    status = 400


class Unauthenticated(GateError):
    status = 401


class Forbidden(GateError):
    status = 403


class NotFound(GateError):
    status = 404


class MethodNotAllowed(GateError):
    status = 405


class TooManyRequests(GateError):
    status = 429


class Unavailable(GateError):
    status = 503
