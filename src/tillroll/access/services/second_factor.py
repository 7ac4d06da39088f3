"""The second factor of a login: set up, asked for, renewed, switched off."""

import base64
import secrets
from contextlib import suppress
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction
from django_otp import verify_token

from tillroll.access.models import Authenticator, RecoverySheet, User
from tillroll.access.sealing import SealBroken, is_current, seal, unseal
from tillroll.shop.revision import Topic, write

CODES = 10
"""Recovery codes of a sheet."""

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""Of recovery codes: none that looks like another. Ten of them are 49 bits."""

KEY_BYTES = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a code: whether it was right, and by a recovery code, of which so many are left; or the
    seconds to wait."""

    is_right: bool
    is_recovery: bool = False
    left: int = 0
    wait: int = 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """Fresh recovery codes, to be shown once."""

    codes: tuple[str, ...] = field(repr=False)


def has_second_factor(user: User) -> bool:
    """Whether a login of this user asks for a code."""
    return bool(Authenticator.objects.filter(user=user, confirmed=True).exists())


def get_authenticator(user: User) -> Authenticator | None:
    found: Authenticator | None = Authenticator.objects.filter(user=user, confirmed=True).first()
    return found


def count_recovery_codes(user: User) -> int:
    """How many recovery codes are left."""
    sheet = RecoverySheet.objects.filter(user=user).first()
    return sheet.count_left() if sheet else 0


def make_key() -> str:
    """A fresh secret for an app, as apps take it: base 32."""
    return base64.b32encode(secrets.token_bytes(KEY_BYTES)).decode()


def set_up_second_factor(user: User, key: str, code: str) -> Sheet:
    """Keeps an app's secret once a code of it proves that the app has it, with fresh recovery codes. Other
    sessions of the user end.

    ValidationError says by field that the code is wrong, or that there is a second factor already.
    """
    with write(Topic.ACCESS):
        if has_second_factor(user):
            raise ValidationError("A second factor is set up already; switch it off to set up another app.")
        Authenticator.objects.filter(user=user).delete()
        made = Authenticator.objects.create(
            user=user, name="app", sealed_key=seal(base64.b32decode(key)), confirmed=True
        )
        if not made.verify_token(clean_code(code)):
            raise ValidationError(
                {
                    "code": "These are not the digits that the app shows now. Type the newest six; if they"
                    " are refused again, look whether the phone's clock is right."
                }
            )
        sheet = _write_sheet(user)
        end_sessions(user)
    return sheet


def renew_recovery_codes(user: User) -> Sheet:
    """Fresh recovery codes in place of all there were."""
    with write(Topic.ACCESS):
        return _write_sheet(user)


def remove_second_factor(user: User) -> bool:
    """Takes app and recovery codes away; whether there was anything. Sessions of the user end: one that began
    with the factor proves nothing any more."""
    with write(Topic.ACCESS):
        count, _ = Authenticator.objects.filter(user=user).delete()
        RecoverySheet.objects.filter(user=user).delete()
        if count:
            end_sessions(user)
    return bool(count)


def check_code(user: User, given: str) -> Answer:
    """Looks at six digits of the app, or at a recovery code. Wrong ones are slowed down, each kind by itself,
    and what was right once is not again."""
    code = clean_code(given)
    kind = Authenticator if code.isdigit() and len(code) == 6 else RecoverySheet
    device = kind.objects.filter(user=user, confirmed=True).first()
    if device is None:
        return Answer(False)
    if wait := device.get_wait():
        return Answer(False, wait=wait)
    found = verify_token(user, device.persistent_id, code)
    is_recovery = kind is RecoverySheet
    return Answer(found is not None, is_recovery, count_recovery_codes(user) if is_recovery else 0)


def end_sessions(user: User) -> None:
    """Ends all sessions of a user; the page that did it lets its own go on (update_session_auth_hash)."""
    with transaction.atomic():
        held = User.objects.select_for_update().get(pk=user.pk)
        user.session_round = held.session_round + 1
        user.save(update_fields=("session_round",))


def reseal_second_factors() -> int:
    """Closes anew what an old pepper closed, so that the old one can go; how much it was."""
    count = 0
    with write(Topic.ACCESS):
        for model, field in ((Authenticator, "sealed_key"), (RecoverySheet, "sealed_digests")):
            for device in model.objects.select_for_update():
                kept = getattr(device, field)
                if is_current(kept):
                    continue
                with suppress(SealBroken):
                    setattr(device, field, seal(unseal(kept)))
                    device.save(update_fields=(field,))
                    count += 1
    return count


def clean_code(given: str) -> str:
    """A code without the blanks and hyphens that it is read with."""
    return "".join(letter for letter in given.lower() if letter.isalnum())


def _write_sheet(user: User) -> Sheet:
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(10)) for _ in range(CODES)]
    sheet = RecoverySheet.objects.filter(user=user).first() or RecoverySheet(user=user, name="recovery codes")
    sheet.write_codes(codes)
    sheet.throttle_reset(commit=False)
    sheet.save()
    return Sheet(tuple(f"{code[:5]}-{code[5:]}" for code in codes))
