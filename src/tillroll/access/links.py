"""Links by which somebody chooses a password: an invitation, or a reset.

A link is signed and holds what its user's login stood on when it was made. To choose a password, to log in or
to end all sessions changes that, so a link counts once, and an old one no more.
"""

from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from tillroll.access.models import User

SALT = "tillroll.access.links"


class LinkKind(StrEnum):
    """What a link is for."""

    INVITATION = "i"
    RESET = "r"


class Link(NamedTuple):
    """Whom a link is for, and what it is."""

    user: User
    kind: LinkKind


def make_link_token(user: User) -> str:
    """The secret part of a link: an invitation for who has no password yet, else a reset."""
    kind = LinkKind.RESET if user.has_usable_password() else LinkKind.INVITATION
    return signing.dumps([user.pk, str(kind), _describe(user)], salt=SALT)


def get_lifetime(kind: LinkKind) -> timedelta:
    if kind is LinkKind.INVITATION:
        return timedelta(days=settings.INVITATION_DAYS)
    return timedelta(hours=settings.RESET_HOURS)


def read_link(token: str) -> Link | None:
    """Whom a link lets choose a password; None for one that is used, too old or no link."""
    try:
        pk, name, described = signing.loads(token, salt=SALT)
        kind = LinkKind(name)
        signing.loads(token, salt=SALT, max_age=get_lifetime(kind))
    except (signing.BadSignature, ValueError, TypeError):
        return None
    user = User.objects.filter(pk=pk, is_active=True, is_service=False, is_demo=False).first()
    if user is None or not constant_time_compare(described, _describe(user)):
        return None
    return Link(user, kind)


def _describe(user: User) -> str:
    """A digest of what the user's login stands on."""
    last = user.last_login.isoformat() if user.last_login else ""
    stands_on = "\n".join((str(user.pk), user.password, last, user.email, str(user.session_round)))
    return salted_hmac(SALT, stands_on, algorithm="sha256").hexdigest()[:32]
