"""Staged records become the shop's: what is added, changed, removed, kept, refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, models

from tests.histories.totals import check_all_that_is_kept
from tests.shops import (
    set_next_id,
    setup_customer,
    setup_key,
    setup_line_of_log,
    setup_note,
    setup_order,
    setup_product,
    setup_source,
    setup_user,
)
from tillroll.access.models import ApiKey, Role, User, UserCapability, UserRole
from tillroll.access.services import issue_customer_key, save_role, set_roles
from tillroll.intake.apply import ApplyError, Change, apply
from tillroll.intake.staging import KIND_OF, Staging
from tillroll.shop.models import (
    Customer,
    CustomerEmail,
    Order,
    OrderItem,
    OrderNote,
    PriceOption,
    Product,
    Revision,
    ShopSettings,
    Source,
    SourceKind,
    Tally,
)
from tillroll.shop.models.source import OWN_IDS_FROM
from tillroll.stats.models import DayTotal, ShopTotal

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

AT = "2025-01-02 03:04:05"
HOME = "https://old.example"
EURO = 10**9

Rows = dict[type[models.Model], list[dict[str, Any]]]
Bring = Callable[..., dict[type[models.Model], Change]]

DEFAULTS: Rows = {
    Product: [{"status": "publish", "kind": "default", "created_local": AT, "modified_local": AT}],
    Customer: [{"status": "active"}],
    CustomerEmail: [{"type": "primary", "status": "active"}],
    Order: [{"type": "sale", "status": "complete", "mode": "live", "currency": "USD", "rate": EURO}],
    OrderItem: [{"type": "download", "status": "complete", "quantity": 1, "rate": EURO}],
    Role: [{"capabilities": "[]"}],
}


def make_row(model: type[models.Model], values: dict[str, Any]) -> tuple[Any, ...]:
    """A staged row: what is given, else a plain default."""
    given = {**DEFAULTS.get(model, [{}])[0], **values}
    kind = KIND_OF[model]
    assert not given.keys() - set(kind.columns), given.keys() - set(kind.columns)
    row = []
    for name in kind.columns:
        field = next(f for f in model._meta.concrete_fields if f.column == name)
        if name in given:
            row.append(given[name])
        elif isinstance(field, models.DateTimeField):
            row.append(None if field.null else AT)
        elif field.null:
            row.append(None)
        elif isinstance(field, models.JSONField):
            row.append("{}")
        else:
            is_number = isinstance(field, models.IntegerField | models.BooleanField)
            row.append(b"" if isinstance(field, models.BinaryField) else 0 if is_number else "")
    return tuple(row)


@pytest.fixture
def bring(tmp_path: Path) -> Bring:
    """Applies rows as the records of a WordPress shop."""

    def run(rows: Rows, **options: Any) -> dict[type[models.Model], Change]:
        path = tmp_path / "staged.sqlite3"
        path.unlink(missing_ok=True)
        with Staging(path) as staging:
            for model, values in rows.items():
                staging.add(model, [make_row(model, each) for each in values])
            return apply(staging, options.pop("kind", SourceKind.WORDPRESS), HOME, **options)

    return run


def get_numbers(changes: dict[type[models.Model], Change]) -> dict[str, tuple[int, int, int]]:
    numbers = {model.__name__: (each.added, each.changed, each.removed) for model, each in changes.items()}
    return {name: change for name, change in numbers.items() if any(change)}


def make_user(id: int, login: str, **values: Any) -> dict[str, Any]:
    return {"wire_id": id, "login": login, "username": login, **values}


SHOP: Rows = {
    Product: [{"id": 1, "title": "One"}, {"id": 2, "title": "Two"}],
    PriceOption: [{"product_id": 1, "price_id": 0, "name": "Small", "amount": EURO, "extra": '{"a": 1}'}],
    Customer: [{"id": 1, "email": "a@x.example", "email_folded": "a@x.example"}],
    Order: [
        {"id": 1, "customer_id": 1, "total": 20 * EURO, "shop_total": 20 * EURO},
        {"id": 2, "customer_id": 1, "total": 5 * EURO, "shop_total": 5 * EURO},
    ],
    OrderItem: [
        {"id": 1, "order_id": 1, "product_id": 1, "total": 20 * EURO, "shop_total": 20 * EURO},
        {"id": 2, "order_id": 2, "product_id": 2, "total": 5 * EURO, "shop_total": 5 * EURO},
    ],
    User: [make_user(1, "owner"), make_user(2, "app")],
    Role: [{"slug": "administrator", "name": "Administrator", "capabilities": '["view_shop_reports"]'}],
    UserRole: [{"user_id": 1, "role_id": "administrator"}],
}


def change(**tables: list[dict[str, Any]]) -> Rows:
    """The shop with some tables replaced, by the models' names."""
    by_name = {model.__name__: model for model in KIND_OF}
    return {**SHOP, **{by_name[name]: rows for name, rows in tables.items()}}


# Added, changed, removed


def test_a_first_import_adds_everything_and_a_second_changes_nothing(bring: Bring) -> None:
    first = bring(SHOP)
    assert first[Order] == Change(added=2, changed=0, removed=0, total=2)
    assert get_numbers(bring(SHOP)) == {}
    assert Order.objects.count() == 2
    assert set(Order.objects.values_list("source__name", flat=True)) == {HOME}


def test_exactly_what_changed_is_changed(bring: Bring) -> None:
    bring(SHOP)
    changes = bring(
        change(
            Product=[{"id": 1, "title": "Uno"}, {"id": 3, "title": "Three"}],
            PriceOption=[
                {"product_id": 1, "price_id": 0, "name": "Small", "amount": EURO, "extra": '{"a": 2}'},
                {"product_id": 1, "price_id": 4, "name": "Large", "amount": 2 * EURO},
            ],
        )
    )
    assert get_numbers(changes) == {"Product": (1, 1, 1), "PriceOption": (1, 1, 0)}
    assert list(Product.objects.order_by("pk").values_list("pk", "title")) == [(1, "Uno"), (3, "Three")]
    assert list(PriceOption.objects.order_by("price_id").values_list("name", "extra")) == [
        ("Small", {"a": 2}),
        ("Large", {}),
    ]


def test_a_value_that_becomes_null_or_ceases_to_be_is_a_change(bring: Bring) -> None:
    bring(change(Product=[{"id": 1, "price": None}, {"id": 2, "price": 0}]))
    changes = bring(change(Product=[{"id": 1, "price": 0}, {"id": 2, "price": None}]))
    assert changes[Product] == Change(added=0, changed=2, removed=0, total=2)
    assert dict(Product.objects.values_list("pk", "price")) == {1: 0, 2: None}


def test_a_record_goes_with_its_children_and_what_was_added_to_it_here(bring: Bring) -> None:
    bring(SHOP)
    note = setup_note(Order.objects.get(pk=2), "Called them")
    kept = setup_note(Order.objects.get(pk=1), "Stays")
    key = setup_key(user=User.objects.get(wire_id=2))
    changes = bring(change(Order=SHOP[Order][:1], OrderItem=SHOP[OrderItem][:1], User=SHOP[User][:1]))
    assert get_numbers(changes) == {"Order": (0, 0, 1), "OrderItem": (0, 0, 1), "User": (0, 0, 1)}
    assert list(OrderNote.objects.values_list("pk", flat=True)) == [kept.pk]
    assert note.pk != kept.pk
    assert not ApiKey.objects.filter(public_key=key.public_key).exists()


def test_two_customers_may_swap_their_emails(bring: Bring) -> None:
    emails = ["a@x.example", "b@x.example"]
    rows = [{"id": n, "email": e, "email_folded": e} for n, e in enumerate(emails, 1)]
    own = [{"id": n, "customer_id": n, "email": e} for n, e in enumerate(emails, 1)]
    bring(change(Customer=rows, CustomerEmail=own))
    swapped = [{**row, "email": e, "email_folded": e} for row, e in zip(rows, emails[::-1], strict=True)]
    changes = bring(change(Customer=swapped, CustomerEmail=own))
    assert changes[Customer] == Change(added=0, changed=2, removed=0, total=2)
    assert dict(Customer.objects.values_list("pk", "email")) == {1: "b@x.example", 2: "a@x.example"}
    assert CustomerEmail.objects.count() == 2
    assert Customer.objects.get(pk=1).purchase_value == 25


def test_two_users_may_swap_their_names_and_stay_who_they_are(bring: Bring) -> None:
    bring(SHOP)
    User.objects.filter(wire_id=1).update(password="kept", is_staff=True)
    keys = dict(User.objects.values_list("wire_id", "pk"))
    changes = bring(change(User=[make_user(1, "app"), make_user(2, "owner")]))
    assert changes[User] == Change(added=0, changed=2, removed=0, total=2)
    assert dict(User.objects.values_list("wire_id", "username")) == {1: "app", 2: "owner"}
    assert dict(User.objects.values_list("wire_id", "pk")) == keys
    assert User.objects.get(wire_id=1).password == "kept"
    assert User.objects.get(wire_id=1).is_staff


def test_a_key_that_was_revoked_here_stays_revoked(bring: Bring) -> None:
    keys = [{"user_id": 2, "public_key": "p", "token_digest": "d", "pepper_id": "x"}]
    bring(change(ApiKey=keys))
    ApiKey.objects.update(revoked_at=datetime(2025, 5, 5, tzinfo=UTC), label="the app")
    changes = bring(change(ApiKey=keys))
    assert changes[ApiKey] == Change(added=0, changed=0, removed=0, total=1)
    key = ApiKey.objects.get()
    assert (key.revoked_at, key.label) == (datetime(2025, 5, 5, tzinfo=UTC), "the app")


def test_what_limits_a_key_or_a_role_here_outlives_an_import(bring: Bring) -> None:
    keys = [{"user_id": 2, "public_key": "p", "token_digest": "d", "pepper_id": "x"}]
    bring(change(ApiKey=keys))
    ApiKey.objects.update(quota_day=5, endpoints="sales", networks="203.0.113.7")
    save_role("administrator", rate_minute=9, hidden_fields=["emails"])
    changes = bring(change(ApiKey=keys))
    assert (changes[ApiKey].changed, changes[Role].changed) == (0, 0)
    key, role = ApiKey.objects.get(), Role.objects.get(slug="administrator")
    assert (key.quota_day, key.endpoints, key.networks) == (5, "sales", "203.0.113.7")
    assert (role.rate_minute, role.hidden_fields) == (9, "emails")


def test_a_buyers_key_ends_with_its_customer(bring: Bring) -> None:
    second = {"id": 2, "email": "b@x.example", "email_folded": "b@x.example"}
    bring(change(Customer=[*SHOP[Customer], second]))
    first, other = (issue_customer_key(Customer.objects.get(pk=number))[0] for number in (1, 2))
    bring(SHOP)
    first.refresh_from_db()
    other.refresh_from_db()
    assert first.revoked_at is None
    assert other.revoked_at is not None


def test_a_demo_buyers_key_never_opens_the_next_shops_customer(bring: Bring) -> None:
    bring(SHOP, kind=SourceKind.DEMO)
    key, _ = issue_customer_key(Customer.objects.get(pk=1))
    bring(SHOP)
    key.refresh_from_db()
    assert Customer.objects.filter(pk=1).exists()
    assert key.revoked_at is not None


def test_lines_of_the_log_go_with_a_user_who_makes_room(bring: Bring) -> None:
    boss = setup_user("boss", wire_id=1)
    line = setup_line_of_log(user_id=1, question="by boss")
    bring(SHOP)
    boss.refresh_from_db()
    line.refresh_from_db()
    assert line.user_id == boss.wire_id >= OWN_IDS_FROM
    assert User.objects.get(wire_id=1).username == "owner"


def test_lines_of_a_demos_users_are_nobodys_in_the_next_shop(bring: Bring) -> None:
    bring(SHOP, kind=SourceKind.DEMO)
    setup_key(user=User.objects.get(wire_id=2))
    line = setup_line_of_log(user_id=2, question="by the demo")
    bring(SHOP)
    line.refresh_from_db()
    assert line.user_id == 0


# What is kept beside the records


def test_figures_are_those_of_the_orders(bring: Bring) -> None:
    bring(SHOP)
    customer = Customer.objects.get(pk=1)
    assert (customer.purchase_count, customer.purchase_value) == (2, Decimal(25))
    product = Product.objects.get(pk=1)
    assert (product.sales, product.earnings) == (1, Decimal(20))
    assert dict(Tally.objects.values_list("name", "value")) == {
        "product:publish": 2,
        "customer": 1,
        "order:sale:complete": 2,
        "download": 0,
    }


def test_totals_are_those_of_the_orders_in_the_shops_new_zone(bring: Bring) -> None:
    rows = change(Order=[{**row, "created_at": "2026-03-01 23:30:00"} for row in SHOP[Order]])
    bring(rows, settings={"timezone": "Asia/Tokyo"})
    assert DayTotal.objects.values_list("day", "sales", "earnings_whole").get() == (date(2026, 3, 2), 2, 25)
    check_all_that_is_kept(ZoneInfo("Asia/Tokyo"))
    bring(change(Order=rows[Order][1:], OrderItem=SHOP[OrderItem][1:]), settings={"timezone": "UTC"})
    assert DayTotal.objects.values_list("day", "sales", "earnings_whole").get() == (date(2026, 3, 1), 1, 5)
    check_all_that_is_kept(UTC)


def test_nothing_of_a_demo_is_left_in_the_next_shops_totals(bring: Bring) -> None:
    bring(SHOP, kind=SourceKind.DEMO)
    setup_order(setup_product(), customer=setup_customer())
    bring(change(Order=[], OrderItem=[]))
    assert ShopTotal.objects.values_list("sales", "earnings_whole").get() == (1, 20)
    check_all_that_is_kept(UTC)


def test_every_topic_has_a_new_revision(bring: Bring) -> None:
    bring(SHOP)
    before = dict(Revision.objects.exclude(topic="store").values_list("topic", "number"))
    bring(SHOP)
    after = dict(Revision.objects.exclude(topic="store").values_list("topic", "number"))
    assert before.keys() == {
        "catalogue", "customers", "orders", "discounts", "downloads", "settings", "access",
    }  # fmt: skip
    assert all(after[topic] > number for topic, number in before.items())


def test_records_made_afterwards_have_ids_out_of_the_shops_way(bring: Bring) -> None:
    bring(SHOP)
    customer = setup_customer("new@x.example")
    order = setup_order(setup_product(), customer=customer)
    user = setup_user("local")
    assert customer.pk == OWN_IDS_FROM
    assert order.pk == OWN_IDS_FROM
    assert user.wire_id == OWN_IDS_FROM
    assert order.items.get().pk == OWN_IDS_FROM


def test_records_made_here_stay(bring: Bring) -> None:
    bring(SHOP)
    order = setup_order(setup_product(), customer=setup_customer("new@x.example"))
    user = setup_user("local", role="shop_manager")
    key = setup_key(user=user)
    changes = bring(change(Product=[], PriceOption=[], Customer=[], Order=[], OrderItem=[]))
    assert changes[Order] == Change(added=0, changed=0, removed=2, total=0)
    assert list(Order.objects.values_list("pk", flat=True)) == [order.pk]
    assert ApiKey.objects.get().public_key == key.public_key
    assert user.user_roles.get().role_id == "shop_manager"
    later = setup_order(setup_product())
    assert later.pk == order.pk + 1


def test_settings_are_set_in_the_same_step(bring: Bring) -> None:
    bring(SHOP, settings={"name": "Old shop", "currency": "EUR"})
    settings = ShopSettings.objects.get()
    assert (settings.name, settings.currency, settings.dialect) == ("Old shop", "EUR", "documented")


def test_the_steps_are_told(bring: Bring) -> None:
    steps: list[str] = []
    bring(SHOP, on_step=steps.append)
    assert steps[:3] == ["terms", "products", "price options"]
    assert steps[-1] == "figures"


# Users and roles of two origins


def test_a_local_user_gives_way_to_the_shops_ids_and_keeps_key_and_rights(bring: Bring) -> None:
    user = setup_user("local", role="administrator", grants=["manage_shop_settings"])
    key = setup_key(user=user)
    assert user.wire_id == 1
    bring(SHOP)
    user.refresh_from_db()
    assert user.wire_id == OWN_IDS_FROM
    assert user.username == "local"
    assert ApiKey.objects.get(public_key=key.public_key).user_id == OWN_IDS_FROM
    assert UserRole.objects.get(user=user).role_id == "administrator"
    assert UserCapability.objects.get().user_id == OWN_IDS_FROM
    # the shop's administrator has one right alone, and so this one has, with their own
    assert user.capabilities == "manage_shop_settings view_shop_reports"
    assert User.objects.get(wire_id=1).username == "owner"
    assert setup_user("second").wire_id == OWN_IDS_FROM + 1


def test_roles_are_taken_over_by_their_names(bring: Bring) -> None:
    changes = bring(SHOP)
    assert changes[Role] == Change(added=0, changed=1, removed=0, total=1)
    role = Role.objects.get(slug="administrator")
    assert (role.capabilities, role.source_id) == (["view_shop_reports"], Source.objects.get().pk)
    assert Role.objects.get(slug="shop_manager").source_id is None


def test_a_role_that_is_gone_stays_where_it_is_edds_or_a_local_users(bring: Bring) -> None:
    roles = [{"slug": name, "name": name} for name in ("administrator", "keeper", "packer")]
    bring(change(Role=roles, UserRole=[]))
    local = setup_user("local", role="keeper")
    bring(change(Role=[], UserRole=[]))
    assert Role.objects.get(slug="keeper").source_id is None
    assert Role.objects.get(slug="administrator").source_id is None
    assert not Role.objects.filter(slug="packer").exists()
    assert local.user_roles.get().role_id == "keeper"


def test_a_right_given_here_to_the_shops_user_outlives_an_import(bring: Bring) -> None:
    bring(SHOP)
    set_roles(User.objects.get(wire_id=2), ["shop_manager"])
    UserCapability.objects.create(user_id=1, capability="manage_shop_settings")
    changes = bring(SHOP)
    assert changes[UserRole] == Change(added=0, changed=0, removed=0, total=1)
    assert "view_shop_sensitive_data" in User.objects.get(wire_id=2).capabilities
    assert User.objects.get(wire_id=1).capabilities == "manage_shop_settings view_shop_reports"


def test_a_role_given_here_that_the_shop_gives_too_is_the_shops(bring: Bring) -> None:
    bring(change(UserRole=[]))
    set_roles(User.objects.get(wire_id=1), ["administrator"])
    changes = bring(SHOP)
    assert changes[UserRole] == Change(added=0, changed=0, removed=0, total=1)
    assert UserRole.objects.get().source_id == Source.objects.get().pk


# Refused


def count_all() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in KIND_OF}


@pytest.mark.parametrize("has_source", [False, True])
def test_anothers_record_is_never_written_over(bring: Bring, has_source: bool) -> None:
    product = setup_product(title="Mine")
    if has_source:
        Product.objects.update(source=setup_source(name="https://third.example"))
    set_next_id(Product, 50)
    before = count_all()
    with pytest.raises(ApplyError) as refused:
        bring(change(Product=[{"id": product.pk}], PriceOption=[]))
    assert str(refused.value) == (
        f"The product {product.pk} is here already and is not from this source;"
        " import into an empty shop (another TILLROLL_HOME), or remove that record first."
    )
    assert count_all() == before
    assert Product.objects.get().title == "Mine"
    assert not Source.objects.filter(name=HOME).exists()


def test_a_clash_of_emails_with_a_customer_made_here_is_refused(bring: Bring) -> None:
    set_next_id(Customer, 500)
    setup_customer("a@x.example")
    before = count_all()
    with pytest.raises(ApplyError, match="clashes with one that is here already"):
        bring(SHOP)
    assert count_all() == before


def test_a_child_without_its_parent_is_refused(bring: Bring) -> None:
    with pytest.raises(ApplyError):
        bring({OrderItem: [{"id": 1, "order_id": 5}]})
    assert not OrderItem.objects.exists()


def test_a_shop_can_be_brought_in_after_a_refusal(bring: Bring) -> None:
    with pytest.raises(ApplyError):
        bring({OrderItem: [{"id": 1, "order_id": 5}]})
    assert bring(SHOP)[Order].added == 2


def test_what_does_not_fit_the_store_is_refused_in_a_sentence(bring: Bring) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite keeps a text of any length")
    with pytest.raises(ApplyError, match="A record of the source does not fit: value too long"):
        bring(change(Customer=[{"id": 1, "email": "x" * 200}]))
    assert bring(SHOP)[Order].added == 2


def test_the_character_nul_is_kept_where_it_can_be(bring: Bring) -> None:
    bring({Product: [{"id": 1, "title": "a\0b"}]})
    assert Product.objects.get().title.replace("\0", "") == "ab"


# The demo


def test_a_demo_makes_room_for_a_shop_with_all_that_was_added_to_it(bring: Bring) -> None:
    bring(SHOP, kind=SourceKind.DEMO)
    assert Source.objects.get().kind == SourceKind.DEMO
    setup_user("demo", role="administrator", is_demo=True, wire_id=9)
    setup_key(user=User.objects.get(wire_id=2))
    setup_note(Order.objects.get(pk=2), "Played with")
    bring(change(Product=[{"id": 1, "title": "Real"}], PriceOption=[], Order=[], OrderItem=[]))
    assert Source.objects.get().kind == SourceKind.WORDPRESS
    assert list(Product.objects.values_list("title", flat=True)) == ["Real"]
    for gone in (Order, OrderNote, ApiKey):
        assert not gone._default_manager.exists()
    assert set(User.objects.values_list("username", flat=True)) == {"owner", "app"}


def test_the_demos_roles_are_the_shops_own_afterwards(bring: Bring) -> None:
    bring(SHOP, kind=SourceKind.DEMO)
    local = setup_user("local", role="administrator")
    bring(change(Role=[], UserRole=[]))
    local.refresh_from_db()
    assert Role.objects.get(slug="administrator").source_id is None
    assert local.user_roles.get().role_id == "administrator"


def test_a_demo_starts_its_ids_where_its_own_end(bring: Bring) -> None:
    bring(SHOP, kind=SourceKind.DEMO)
    assert setup_product().pk == 3


def test_a_source_may_take_a_new_name(bring: Bring) -> None:
    bring(SHOP)
    source = Source.objects.get()
    Source.objects.update(name="http://before.example")
    changes = bring(SHOP, known_as="http://before.example")
    assert get_numbers(changes) == {}
    again = Source.objects.get()
    assert (again.pk, again.name, again.created_at) == (source.pk, HOME, source.created_at)
    assert again.imported_at > source.imported_at
