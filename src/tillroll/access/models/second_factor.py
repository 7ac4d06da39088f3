"""Second factors of a login, as devices of django-otp: an authenticator app, and a sheet of recovery codes.

Both are django-otp's own kinds but for what is kept: an app's secret is sealed (access/sealing.py), and so
are the digests of recovery codes. A copy of the database lets nobody in.
"""

import hashlib
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django_otp.models import Device, ThrottlingMixin
from django_otp.oath import TOTP

from tillroll.access.sealing import SealBroken, is_current, seal, unseal

MOST_WAITS = 10
"""Wrong codes after which the wait no longer doubles: nine minutes, so that whoever knows the password can't
shut the owner out for days."""


class Throttled(ThrottlingMixin):  # type: ignore[misc]  # published without types
    """Wrong codes wait 1, 2, 4 ... seconds, and at most about nine minutes."""

    class Meta:
        abstract = True

    def throttle_increment(self, commit: bool = True) -> None:
        self.throttling_failure_count: int = min(self.throttling_failure_count, MOST_WAITS - 1)
        super().throttle_increment(commit=commit)

    def get_throttle_factor(self) -> int:
        return 1

    def get_wait(self) -> int:
        """Seconds until another code is looked at; 0 when one is looked at now."""
        is_allowed, why = self.verify_is_allowed()
        if is_allowed:
            return 0
        left: timedelta = why["locked_until"] - timezone.now()
        return max(-(-int(left.total_seconds() * 1000) // 1000), 1)


class Authenticator(Throttled, Device):  # type: ignore[misc]
    """An app that shows six digits, new ones each half minute (RFC 6238). A code counts once, and half a
    minute longer or sooner for a clock that is off."""

    sealed_key: "models.TextField[str, str]" = models.TextField()
    last_step: "models.BigIntegerField[int, int]" = models.BigIntegerField(
        default=-1, help_text="The half minute of the last code that counted."
    )
    created_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(auto_now_add=True)

    TOLERANCE: ClassVar[int] = 1

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user",), name="one_authenticator"),)

    def verify_token(self, token: Any) -> bool:
        """Whether these are the digits of now; notes that they counted, or a wrong try."""
        if not self.verify_is_allowed()[0]:
            return False
        text = str(token)
        try:
            key = unseal(self.sealed_key)
        except SealBroken:
            return False
        totp = TOTP(key)
        totp.time = time.time()
        is_right = (
            text.isascii()
            and len(text) == totp.digits
            and text.isdigit()
            and totp.verify(int(text), self.TOLERANCE, self.last_step + 1)
        )
        if not is_right:
            self.throttle_increment()
            return False
        self.last_step = totp.t()
        if not is_current(self.sealed_key):
            self.sealed_key = seal(key)
        self.throttle_reset(commit=False)
        self.save()
        return True


class RecoverySheet(Throttled, Device):  # type: ignore[misc]
    """Recovery codes, for whoever has lost the app: each lets its owner in once. Kept are digests,
    and they are sealed: a code has 49 bits, which a digest alone would not hide for ever."""

    sealed_digests: "models.TextField[str, str]" = models.TextField(help_text="Of the codes that are left.")
    created_at: "models.DateTimeField[datetime, datetime]" = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user",), name="one_recovery_sheet"),)

    def write_codes(self, codes: Iterable[str]) -> None:
        """Takes these codes in place of those there were, unsaved."""
        self._write(map(_digest, codes))

    def count_left(self) -> int:
        """How many codes are left; none where their pepper is lost."""
        return len(self._read())

    def verify_token(self, token: Any) -> bool:
        """Whether this is a code that is left, which it then is no more."""
        if not self.verify_is_allowed()[0]:
            return False
        digests, given = self._read(), _digest(str(token))
        if given not in digests:
            self.throttle_increment()
            return False
        self._write(kept for kept in digests if kept != given)
        self.throttle_reset(commit=False)
        self.save()
        return True

    def _write(self, digests: Iterable[str]) -> None:
        self.sealed_digests = seal(" ".join(digests).encode())

    def _read(self) -> list[str]:
        try:
            return unseal(self.sealed_digests).decode().split()
        except SealBroken:
            return []


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "replace")).hexdigest()
