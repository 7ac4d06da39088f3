"""A list is sorted by the columns that it offers, whatever its address says."""

import pytest
from django.test import Client

from tests.backoffice.conftest import Login, Shop

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


def get_order(client: Client, query: str) -> tuple[str, ...]:
    changelist = client.get(f"/admin/shop/customer/?{query}").context_data["cl"]  # type: ignore[index]
    return tuple(str(one) for one in changelist.queryset.query.order_by)


def test_what_is_not_offered_is_left_out(shop: Shop, login: Login) -> None:
    client = login("shop_manager")
    columns = list(client.get("/admin/shop/customer/").context_data["cl"].list_display)  # type: ignore[index]
    offered, plain = columns.index("created_at"), get_order(client, "")
    assert get_order(client, f"o=-{offered}")[0] == "-created_at"
    others = [place for place, name in enumerate(columns) if name in ("email", "name", "status")]
    for query in (*(f"o={place}" for place in others), "o=999", "o=x", "o=--1", "o=."):
        assert get_order(client, query) == plain, query
    assert get_order(client, f"o={others[0]}.-{offered}" if others else f"o=-{offered}")[0] == "-created_at"
