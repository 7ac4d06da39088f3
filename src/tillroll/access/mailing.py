"""Links to choose a password, by e-mail, where the settings say by what server."""

import logging
import threading

from django.conf import settings
from django.core.mail import send_mail

from tillroll.access.links import LinkKind
from tillroll.access.models import User
from tillroll.shop.services import get_settings

logger = logging.getLogger(__name__)

_TEXTS = {
    LinkKind.INVITATION: (
        "Your login to {shop}",
        "Hello {name},\n\nsomebody made you a login to the back office of {shop}; your user name is {login}."
        " Choose a password here:\n\n{url}\n\nThe link counts once, and for {days} days.\n",
    ),
    LinkKind.RESET: (
        "A new password for {shop}",
        "Hello {name},\n\na new password for your login {login} to the back office of {shop} was asked for."
        " Choose it here:\n\n{url}\n\nThe link counts once, and for {hours} hours. If it was not you who"
        " asked, there is nothing to do: without the link your password stays as it is.\n",
    ),
}


def send_link(user: User, kind: LinkKind, url: str) -> bool:
    """Whether a link went out to its user; a failure is in the log, without the link."""
    if not (settings.SENDS_MAIL and user.email):
        return False
    subject, body = (
        text.format(
            shop=get_settings().name or "Tillroll",
            name=user.display_name or user.username,
            login=user.username,
            url=url,
            days=settings.INVITATION_DAYS,
            hours=settings.RESET_HOURS,
        )
        for text in _TEXTS[kind]
    )
    return _send(" ".join(subject.split()), body, user.email)


def send_link_behind(user: User, kind: LinkKind, url: str) -> None:
    """The same behind the answer, which then takes as long for an address that nobody has."""
    threading.Thread(target=send_link, args=(user, kind, url), name="mail", daemon=True).start()


def _send(subject: str, body: str, to: str) -> bool:
    try:
        return bool(send_mail(subject, body, None, [to]))
    except OSError as error:  # smtplib's errors are OSErrors too
        logger.warning("A mail to a user could not be sent: %s", type(error).__name__)
        return False
