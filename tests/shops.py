"""Builds any record for a test, through the services; what a test does not care about gets a plain default.

Amounts may be given as text ("19.99"). Nothing here looks at the clock but through the services.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, connections, models, transaction
from django.utils import timezone

from tillroll.access.capabilities import ROLES
from tillroll.access.digests import Pair, digest_token, make_bearer, make_pair, pepper_id
from tillroll.access.log import request_log
from tillroll.access.models import ApiKey, RequestLogEntry, Role, User, UserCapability
from tillroll.access.services import create_user, refresh_capabilities, set_roles
from tillroll.eddapi import age
from tillroll.eddapi import shop as kept_settings
from tillroll.shop import kept, services
from tillroll.shop.models import (
    Customer,
    Discount,
    FileDownload,
    Mirror,
    Order,
    OrderAddress,
    OrderNote,
    PriceOption,
    Product,
    ProductFile,
    ShopSettings,
    Source,
    SourceKind,
    Taxonomy,
    Term,
)
from tillroll.shop.revision import Topic, write
from tillroll.shop.services import Fee, Line

Amount = Decimal | str | int

_numbers = count(1)
"""Makes names, slugs and addresses differ."""


def setup_settings(**changes: Any) -> ShopSettings:
    """Changes some of the shop's settings, such as `dialect="edd3"`."""
    return services.change_settings(**changes)


def setup_source(kind: SourceKind = SourceKind.WORDPRESS, name: str = "https://old.example") -> Source:
    """Makes the shop one that came from elsewhere."""
    now = timezone.now()
    return Source.objects.create(kind=kind, name=name, created_at=now, imported_at=now)


def set_next_id(model: type[models.Model], number: int) -> None:
    """The next record of the model that is given no id gets this one."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", (table,))
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", (table, number - 1))
        else:
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s, false)", (table, number))


def _pass_ids(model: type[models.Model]) -> None:
    """PostgreSQL does not see an id that was given: the next record would get it again."""
    if connection.vendor == "postgresql":
        last = model._default_manager.aggregate(last=models.Max("pk"))["last"]
        set_next_id(model, last + 1)


# Catalogue


def setup_product(
    *,
    price: Amount | None = "20",
    prices: Sequence[PriceOption | tuple[str, str]] | None = None,
    files: Sequence[ProductFile | Mapping[str, str | None]] | None = None,
    terms: Iterable[Term] | None = None,
    **overrides: Any,
) -> Product:
    """A published product. `prices` are options as (name, amount as written), with price ids from 1 up;
    `files` are members of a file. An `id` that is given is kept."""
    place = next(_numbers)
    fields: dict[str, Any] = {"title": f"Product {place}", "slug": f"product-{place}", **overrides}
    product = Product(price=None if price is None else Decimal(price), **fields)
    options = None
    if prices is not None:
        product.has_price_options = True
        options = [_price_option(number, option) for number, option in enumerate(prices, 1)]
    kept = None
    if files is not None:
        kept = [_product_file(number, each) for number, each in enumerate(files, 1)]
    services.save_product(product, prices=options, files=kept, terms=terms)
    if "id" in overrides:
        _pass_ids(Product)
    return product


def _price_option(number: int, option: PriceOption | tuple[str, str]) -> PriceOption:
    if isinstance(option, PriceOption):
        return option
    name, amount = option
    return PriceOption(price_id=number, name=name, amount=Decimal(amount), amount_text=amount)


def _product_file(number: int, members: ProductFile | Mapping[str, str | None]) -> ProductFile:
    return members if isinstance(members, ProductFile) else ProductFile(file_id=number, **members)


def setup_term(
    name: str, slug: str = "", *, taxonomy: Taxonomy = Taxonomy.CATEGORY, parent: Term | None = None
) -> Term:
    """A category, or a tag by its taxonomy."""
    return services.add_term(taxonomy, name, slug or name.lower().replace(" ", "-"), parent=parent)


# Customers


def setup_customer(email: str = "", name: str = "", **overrides: Any) -> Customer:
    """A customer, a guest unless `user_id` says who they are."""
    customer = services.create_customer(email or f"buyer{next(_numbers)}@example.com", name, **overrides)
    if "id" in overrides:
        _pass_ids(Customer)
    return customer


# Orders


def setup_order(
    *lines: Line | Product,
    customer: Customer | None = None,
    amount: Amount = "20",
    id: int | None = None,
    **overrides: Any,
) -> Order:
    """A complete sale of the lines; a bare product costs `amount`; without lines a fresh product is sold.

    Takes what services.record_order takes: status, at, fees, discounts, gateway, rate, email, payment_key ...
    """
    if id is not None:
        set_next_id(Order, id)
    bought: Sequence[Line | Product] = lines or (setup_product(),)
    return services.record_order(
        customer,
        [line if isinstance(line, Line) else setup_line(line, amount) for line in bought],
        **overrides,
    )


def setup_line(product: Product, amount: Amount = "20", **overrides: Any) -> Line:
    """A line of an order; amounts may be text."""
    for name in ("discount", "tax"):
        if name in overrides:
            overrides[name] = Decimal(overrides[name])
    return Line(product, Decimal(amount), **overrides)


def setup_fee(label: str = "Handling", amount: Amount = "2", tax: Amount = "0", key: str = "") -> Fee:
    return Fee(label, Decimal(amount), Decimal(tax), key)


def setup_refund(
    order: Order, items: Mapping[int, Amount] | None = None, *, at: datetime | None = None
) -> Order:
    """Gives an order back: whole, or amounts by item id."""
    wanted = None if items is None else {key: Decimal(amount) for key, amount in items.items()}
    return services.refund_order(order, items=wanted, at=at)


def setup_note(order: Order, content: str) -> OrderNote:
    return OrderNote.objects.create(order=order, content=content, created_at=order.created_at)


def setup_address(order: Order, **overrides: Any) -> OrderAddress:
    with write(Topic.ORDERS, Topic.CUSTOMERS, Topic.CATALOGUE), kept.following(order.pk):
        return OrderAddress.objects.create(order=order, created_at=order.created_at, **overrides)


# Discounts and downloads


def setup_discount(
    code: str = "",
    *,
    amount: Amount = "10",
    requirements: Iterable[str] = (),
    exclusions: Iterable[str] = (),
    **overrides: Any,
) -> Discount:
    """An active discount in per cent."""
    discount = Discount(code=code or f"CODE{next(_numbers)}", amount=Decimal(amount), **overrides)
    services.save_discount(discount, requirements=requirements, exclusions=exclusions)
    if "id" in overrides:
        _pass_ids(Discount)
    return discount


def setup_download(
    product: Product | int = 0, customer: Customer | int = 0, **overrides: Any
) -> FileDownload:
    """A line of the file download log."""
    return services.record_file_download(
        product_id=product if isinstance(product, int) else product.pk,
        customer_id=customer if isinstance(customer, int) else customer.pk,
        **overrides,
    )


# Access


def setup_user(
    username: str = "",
    *,
    role: str | None = None,
    wire_id: int | None = None,
    grants: Iterable[str] = (),
    denials: Iterable[str] = (),
    **overrides: Any,
) -> User:
    """A user with a role, and with capabilities of their own that are given or denied."""
    name = username or f"user{next(_numbers)}"
    roles = () if role is None else (role,)
    if wire_id is None:
        user = create_user(name, roles=roles, **overrides)
    else:
        with write(Topic.ACCESS):
            user = User.objects.create_user(name, wire_id=wire_id, **overrides)
        set_roles(user, roles)
    for is_granted, capabilities in ((True, grants), (False, denials)):
        for capability in capabilities:
            UserCapability.objects.create(user=user, capability=capability, is_granted=is_granted)
    with write(Topic.ACCESS):
        refresh_capabilities([user])
    return user


def setup_key(
    *,
    role: str | None = "administrator",
    user: User | None = None,
    label: str = "",
    public_key: str = "",
    token: str = "",
    customer: Customer | None = None,
    **limits: Any,
) -> Pair:
    """A key in force, of the user given or of a fresh one with that role; key and token may be chosen.

    With `customer` a buyer's key. `limits` are fields of a key, such as endpoints="sales" or quota_day=5.
    """
    fresh = make_pair()
    public_key = public_key or fresh.public_key
    pair = Pair(public_key, token or fresh.token, make_bearer(public_key))
    holder = user or setup_user(role=role)
    with write(Topic.ACCESS):
        ApiKey.objects.create(
            user=holder,
            label=label,
            public_key=pair.public_key,
            token_digest=digest_token(pair.token),
            pepper_id=pepper_id(),
            bearer_digest=digest_token(pair.bearer),
            bearer_pepper_id=pepper_id(),
            customer_id=customer.pk if customer else None,
            created_at=timezone.now(),
            **limits,
        )
    return pair


def setup_line_of_log(at: datetime | None = None, **overrides: Any) -> RequestLogEntry:
    """A line of the request log, of a good answer unless it says otherwise."""
    return RequestLogEntry.objects.create(at=at or timezone.now(), **{"status": 200, **overrides})


def get_key(pair: Pair) -> ApiKey:
    return ApiKey.objects.get(public_key=pair.public_key)


def setup_mirror(good_at: datetime, source: Source | None = None, **overrides: Any) -> Mirror:
    """The shop follows another, of which it is as of that moment."""
    if not ShopSettings.objects.exists():
        setup_settings(name="Mirrored")
    values = {"mark": "m", "prefix": "wp_", "every": 15.0, "checked_at": good_at, "tried_at": good_at}
    with write(Topic.SETTINGS):
        mirror = Mirror.objects.create(
            source=source or setup_source(name="https://shop.example"),
            address="mysql://reader@db.internal/wp",
            good_at=good_at,
            **{**values, **overrides},
        )
    age.forget()
    return mirror


def set_source_of_key(pair: Pair) -> None:
    """Makes a key one that an import brought along."""
    with write(Topic.ACCESS):
        ApiKey.objects.filter(public_key=pair.public_key).update(source=setup_source())


def bearing(pair: Pair) -> dict[str, str]:
    """The header that carries a key's bearer secret."""
    return {"Authorization": f"Bearer {pair.bearer}"}


def basic(pair: Pair) -> dict[str, str]:
    """The header that carries key and token as HTTP Basic."""
    credentials = base64.b64encode(f"{pair.public_key}:{pair.token}".encode()).decode()
    return {"Authorization": f"Basic {credentials}"}


def signed(pair: Pair, **parameters: object) -> dict[str, object]:
    """The parameters with key and token in front, as clients send them."""
    return {"key": pair.public_key, "token": pair.token, **parameters}


# The whole shop


def empty_shop() -> None:
    """Removes every record from both databases, starts the ids anew and restores EDD's roles.

    For fixtures that really commit; a test that is rolled back does not need it.
    """
    request_log._waiting.clear()
    for alias in connections:
        store = connections[alias]
        tables = [
            model._meta.db_table
            for app in ("shop", "access", "stats", "sessions", "axes", "intake", "django_tasks_database")
            for model in apps.get_app_config(app).get_models(include_auto_created=True)
            if model._meta.managed and store.alias == _get_alias(model)
        ]
        statements = store.ops.sql_flush(no_style(), tables, reset_sequences=True, allow_cascade=True)
        store.ops.execute_sql_flush(statements)
    setup_roles()
    kept_settings.forget()
    age.forget()


def setup_roles() -> None:
    """EDD's roles, as a fresh store has them."""
    with transaction.atomic():
        Role.objects.bulk_create(
            Role(slug=slug, name=name, capabilities=list(held)) for slug, (name, held) in ROLES.items()
        )


def _get_alias(model: type[models.Model]) -> str:
    from django.db import router

    return router.db_for_write(model)
