"""Forms as a browser has them, and what the one answer shows of a fresh key."""

import re
from html import unescape
from typing import Any

from django.test import Client

from tests.backoffice.conftest import get_text
from tillroll.access.digests import Pair
from tillroll.access.models import User
from tillroll.access.services import refresh_capabilities


def read_form_id(page: str) -> str:
    """The one-time id of the first form of a page."""
    found = re.search(r'name="form_id" value="([^"]+)"', page)
    assert found, "The page has no form that counts once."
    return found[1]


def read_shown(page: str, name: str) -> str:
    """One of the values beside a button that copies it."""
    found = re.search(rf'<code id="{name}"[^>]*>([^<]+)<', page)
    assert found, f"The page shows no {name}."
    return unescape(found[1])


def read_pair(page: str) -> Pair:
    """What a page shows of a fresh key."""
    return Pair(read_shown(page, "public-key"), read_shown(page, "token"), read_shown(page, "bearer"))


def send(client: Client, url: str, /, **values: Any) -> str:
    """Fills in a form that counts once and sends it: the answer's text, or where it leads."""
    form = {"form_id": read_form_id(get_text(client, url)), **values}
    return post(client, url, **form)


def post(client: Client, url: str, /, **values: Any) -> str:
    """Sends a form: the answer's text, or where it leads."""
    reply = client.post(url, values)
    if reply.status_code == 302:
        return str(reply.headers["Location"])
    assert reply.status_code == 200, (url, reply.status_code)
    return unescape(reply.content.decode())


def get_self(client: Client) -> User:
    """Who is logged in."""
    return User.objects.get(pk=client.session["_auth_user_id"])


def deny(user: User, *capabilities: str) -> User:
    """Takes capabilities from a user, whatever their roles say."""
    for capability in capabilities:
        user.grants.create(capability=capability, is_granted=False)
    refresh_capabilities([user])
    return user
