"""A shop that follows another says so on every page, and how that goes on the first."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client

from tests.backoffice.conftest import Login, Shop, get_text
from tests.shops import set_source_of_key, setup_key, setup_mirror
from tillroll.access.models import ApiKey
from tillroll.access.services import revoke_key, rotate_key
from tillroll.backoffice.mirror import tell_length
from tillroll.shop.models import Mirror

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

GOOD_AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
PROBLEM = "The source can't be reached at db.internal:3306: refused."
TROUBLE = "The mirror's source can't be reached."


def look(client: Client, url: str = "/admin/", *, seconds: int = 42) -> str:
    with time_machine.travel(GOOD_AT + timedelta(seconds=seconds), tick=False):
        return " ".join(get_text(client, url).split())


def test_a_shop_of_its_own_says_nothing_of_a_mirror(shop: Shop, login: Login) -> None:
    page = look(login("superuser"))
    assert "follows" not in page


def test_the_overview_tells_how_the_mirror_goes(shop: Shop, login: Login) -> None:
    setup_mirror(GOOD_AT)
    client = login("superuser")
    page = look(client)
    assert "This shop follows https://shop.example" in page
    assert "Mirror, 42 s old" in page
    assert "2026-03-04 05:06:07" in page
    assert "mysql://reader@db.internal/wp" in page
    for url in ("/admin/shop/order/", "/admin/access/apikey/", f"/admin/shop/order/{shop.order.pk}/change/"):
        assert "Mirror, 42 s old" in look(client, url)


def test_a_mirror_in_trouble_says_what_is_wrong(shop: Shop, login: Login) -> None:
    setup_mirror(GOOD_AT, problem=PROBLEM, trouble=TROUBLE)
    page = look(login("superuser"), seconds=7_200).replace("&#x27;", "'")
    assert "Mirror in trouble, 2 h old" in page
    assert PROBLEM in page


def test_where_the_source_is_is_for_those_who_run_the_shop(shop: Shop, login: Login) -> None:
    setup_mirror(GOOD_AT, problem=PROBLEM, trouble=TROUBLE)
    page = look(login("shop_accountant")).replace("&#x27;", "'")
    assert "This shop follows https://shop.example" in page
    assert TROUBLE in page
    assert "db.internal" not in page


def test_nothing_is_said_before_the_login(shop: Shop, client: Client) -> None:
    setup_mirror(GOOD_AT, problem=PROBLEM, trouble=TROUBLE)
    page = client.get("/admin/login/").content.decode()
    assert "shop.example" not in page
    assert "Mirror" not in page


def test_a_key_of_the_source_is_renewed_there_and_may_be_revoked_here(shop: Shop) -> None:
    pair = setup_key(label="Till")
    set_source_of_key(pair)
    key = ApiKey.objects.get(public_key=pair.public_key)
    assert rotate_key(key)
    setup_mirror(GOOD_AT, key.source)
    with pytest.raises(ValidationError, match="This key can't be changed here, since this shop follows"):
        rotate_key(key)
    revoke_key(key)
    own = ApiKey.objects.get(public_key=setup_key().public_key)
    assert rotate_key(own)
    assert Mirror.objects.count() == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (200_000, "2 d")],
)
def test_a_length_is_told_in_its_largest_unit(seconds: int, text: str) -> None:
    assert tell_length(seconds) == text
