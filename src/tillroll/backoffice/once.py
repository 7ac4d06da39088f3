"""Forms that count once. One that was sent twice, by a reload or by two quick clicks, must not make two keys.

Such a form carries an id that the server signed for its user. The first to send it takes the id from a
counter, in one statement that all workers share; the id is no secret and opens nothing.
"""

import secrets

from django.core import signing
from django.core.exceptions import ValidationError
from django.utils import timezone

from tillroll.access.counting import take
from tillroll.access.models import User

SALT = "tillroll.backoffice.once"

HOURS = 12
"""How long a form may lie open: a working day."""


def make_form_id(user: User) -> str:
    """The id of one form on one page."""
    return signing.dumps([user.pk, f"{timezone.now():%Y-%m-%d}", secrets.token_hex(16)], salt=SALT)


def use_form_id(user: User, text: str, repeated: str) -> None:
    """Takes a form's id; ValidationError says that the form lay open for too long, or was sent before
    (`repeated`)."""
    try:
        owner, day, name = signing.loads(text, salt=SALT, max_age=HOURS * 3600)
    except signing.BadSignature:
        owner = None
    if owner != user.pk:
        raise ValidationError("This form is too old to be saved; it was made anew, so please save it again.")
    taken, _ = take(f"form:{name}", day, 1, 1)
    if not taken:
        raise ValidationError(repeated)
