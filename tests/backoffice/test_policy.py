"""What a page may load: from this server alone."""

import re
from contextlib import closing

import pytest
from django.test import Client

from tests.backoffice.conftest import Login, Shop, get_text
from tests.backoffice.test_rights import list_record_pages

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

_REFERENCE = re.compile(
    r"""<(?:script|link|img|iframe|source|object|embed)\b[^>]*?\b(?:src|href|data)=["']([^"']+)"""
)


def read_policy(reply: object) -> dict[str, str]:
    text: str = reply.headers["Content-Security-Policy"]  # type: ignore[attr-defined]
    return {name: rest for name, _, rest in (part.strip().partition(" ") for part in text.split(";"))}


def test_the_back_offices_pages_run_scripts_of_this_server_alone(login: Login) -> None:
    for client, url in ((login("anonymous"), "/admin/login/"), (login("superuser"), "/admin/shop/order/")):
        assert read_policy(client.get(url)) == {
            "default-src": "'self'",
            "object-src": "'none'",
            "base-uri": "'none'",
            "form-action": "'self'",
            "frame-ancestors": "'none'",
            "script-src": "'self' 'unsafe-eval'",
            "img-src": "'self' data:",
        }


@pytest.mark.parametrize("url", ["/", "/no/such/page", "/static/no-such.css"])
def test_other_pages_run_no_script_made_of_text(url: str) -> None:
    policy = read_policy(Client().get(url))
    assert policy["default-src"] == "'self'"
    assert "script-src" not in policy


def test_pages_have_no_script_and_no_style_in_them_and_name_no_other_host(shop: Shop, login: Login) -> None:
    client = login("superuser")
    for url in ("/admin/", *list_record_pages(shop)):
        page = get_text(client, url)
        assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=", page), url
        references = _REFERENCE.findall(page)
        assert len(references) > 5
        assert [one for one in references if not one.startswith("/")] == []


def test_every_file_that_a_page_names_is_served(shop: Shop, login: Login) -> None:
    client = login("superuser")
    names = {
        name
        for url in (
            "/admin/login/",
            "/admin/",
            "/admin/shop/order/",
            f"/admin/shop/order/{shop.order.pk}/change/",
        )
        for name in _REFERENCE.findall(client.get(url).content.decode())
        if name.startswith("/static/")
    }
    assert "/static/backoffice/theme.css" in names
    for name in names:
        with closing(client.get(name)) as reply:
            assert reply.status_code == 200, name


def test_a_page_is_not_framed_and_says_what_it_is(login: Login) -> None:
    headers = login("superuser").get("/admin/").headers
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in headers["Cache-Control"]
