"""Every question that the API asks the store goes by the index that was made for it.

The statements are those that are really sent; the store says how it would find the rows. On PostgreSQL the
planner is told to shun whole tables and sorts, so that a plan that still has one had no other way.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.asking import ask
from tests.shops import signed
from tests.test_query_counts import Shop, fill
from tillroll.access.log import request_log
from tillroll.access.models import ApiKey
from tillroll.eddapi import places
from tillroll.shop import kept
from tillroll.shop.models import (
    Customer,
    CustomerEmail,
    Discount,
    DiscountProduct,
    FileDownload,
    Order,
    OrderAdjustment,
    OrderItem,
    OrderNote,
    OrderTransaction,
    PriceOption,
    Product,
    ProductFile,
    ProductTerm,
    Term,
)
from tillroll.shop.ranks import BITS

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

BIG = (
    "shop_order", "shop_orderitem", "shop_orderadjustment", "shop_ordertransaction", "shop_ordernote",
    "shop_customer", "shop_customeremail", "shop_filedownload", "shop_product", "access_apikey",
)  # fmt: skip
"""Tables that grow with the shop."""

ALIASES = ("o", "i", "a", "c", "l", "p", "k")
"""The same in the statements' own short names, by which SQLite calls them."""

PRIMARY = "PRIMARY KEY|{}_pkey"
"""The rows' own order, by the names that SQLite and PostgreSQL give it."""

LISTS = [
    # question, what its list stands in, the index
    ("v1/customers", "shop_customer c", PRIMARY.format("shop_customer")),
    ("v2/customers?page=3", "shop_customer c", PRIMARY.format("shop_customer")),
    ("v1/sales", "shop_order o", "order_complete_sale_idx"),
    ("v2/sales", "shop_order o", "order_net_sale_idx"),
    ("v2/sales?page=3", "shop_order o", "order_net_sale_idx"),
    ("v1/sales?email=many9@example.com", "shop_order o", "order_email_idx"),
    ("v2/sales?email=many9@example.com", "shop_order o", "order_email_idx"),
    ("v2/products", "shop_product p", "product_list_idx"),
    ("v2/discounts", "shop_discount d", "SCAN d$|shop_discount_pkey"),
    ("v2/file-download-logs", "shop_filedownload l", PRIMARY.format("shop_filedownload")),
    ("v2/file-download-logs?customer={customer}", "shop_filedownload l", "download_customer_idx"),
    ("v2/customers?date=last_month", "shop_customer c", PRIMARY.format("shop_customer")),
    ("v2/customers?page=3&date=last_month", "shop_customer c", PRIMARY.format("shop_customer")),
    ("v2/customers?cursor=", "shop_customer c", PRIMARY.format("shop_customer")),
    ("v1/sales?cursor=", "shop_order o", "order_complete_sale_idx"),
    ("v2/sales?cursor=", "shop_order o", "order_net_sale_idx"),
    ("v1/sales?cursor=&modified_after=2020-01-01", "shop_order o", "order_modified_sale_idx"),
    ("v2/sales?cursor=&modified_after=2020-01-01", "shop_order o", "order_modified_sale_idx"),
    ("v2/customers?cursor=&modified_after=2020-01-01", "shop_customer c", "customer_modified_idx"),
    ("v2/products?cursor=&modified_after=2020-01-01", "shop_product p", "product_modified_idx"),
    ("v2/discounts?cursor=&modified_after=2020-01-01", "shop_discount d", "discount_modified_idx"),
]
"""Lists of which a page is read: in the order in which they stand in the index, never sorted."""

QUESTIONS = [
    ("v2/info", "access_apikey k", "access_apikey.*public_key|autoindex_access_apikey"),
    ("v2/customers?customer={customer}", "shop_customer c", PRIMARY.format("shop_customer")),
    ("v2/customers?customer=buyer1@example.com", "shop_customer WHERE", "customer_email_once"),
    ("v2/customers?customer=buyer1@example.com", "shop_customeremail WHERE", "customer_email_idx"),
    ("v2/customers?date=today", "FROM shop_block", "autoindex_shop_block|shop_block_pkey"),
    ("v2/customers?date=today", "SELECT c.id FROM shop_customer c", PRIMARY.format("shop_customer")),
    (
        "v2/customers?modified_after=2020-01-01",
        "SELECT 1 FROM shop_customer c",
        "customer_modified_idx|shop_customer_pkey",  # PostgreSQL knows that any row will do
    ),
    ("v2/customers?modified_after=2020-01-01", "c.id > 0 AND CASE", PRIMARY.format("shop_customer")),
    ("v2/sales?modified_after=2020-01-01", "o.id > 0 AND CASE", PRIMARY.format("shop_order")),
    (
        "v2/sales?modified_after=2020-01-01",
        "SELECT 1 FROM shop_order o",
        "order_modified_sale_idx|shop_order_pkey",
    ),
    ("v2/customers", "shop_customeremail", "shop_customeremail_customer_id_"),
    ("v2/sales?id={order}", "shop_order o", PRIMARY.format("shop_order")),
    ("v1/sales?purchasekey=key-1", "shop_order o", "order_payment_key_idx"),
    ("v2/sales", "shop_orderitem", "shop_orderitem_order_id_"),
    ("v2/sales", "shop_orderadjustment", "shop_orderadjustment_order_id_"),
    ("v2/sales", "shop_ordertransaction", "shop_ordertransaction_order_id_"),
    ("v1/sales", "shop_ordernote", "shop_ordernote_order_id_"),
    ("v1/sales", "shop_customer WHERE id", PRIMARY.format("shop_customer")),
    ("v2/products?product={product}", "shop_product p", PRIMARY.format("shop_product")),
    ("v2/products", "shop_productterm x", "autoindex_shop_productterm|product_term_once"),
    ("v2/products", "shop_priceoption", "autoindex_shop_priceoption|price_option_once"),
    ("v2/products", "shop_productfile", "autoindex_shop_productfile|product_file_once"),
    ("v2/discounts", "shop_discountproduct", "autoindex_shop_discountproduct|discount_product_once"),
    ("v2/file-download-logs?customer=buyer1@example.com", "shop_customer WHERE", "customer_email_once"),
    ("v2/stats", "stats_daytotal", "stats_daytotal_pkey|autoindex_stats_daytotal|USING INDEX"),
    ("v2/stats?type=sales&date=last_year", "stats_daytotal", "stats_daytotal_pkey|autoindex_stats_daytotal"),
    ("v2/stats?type=earnings&product={product}", "stats_producttotal", "stats_producttotal|PRIMARY KEY"),
    ("v2/stats?type=customers", "shop_tally", "autoindex_shop_tally|shop_tally_(pkey|name_)"),
]
"""Everything else that is looked up, and by what."""


class Plans:
    """How the store would run each statement of an answer."""

    def __init__(self, shop: Shop, question: str) -> None:
        sent: list[tuple[str, Sequence[Any]]] = []

        def note(execute: Any, sql: str, values: Sequence[Any], *rest: Any) -> Any:
            sent.append((sql, values))
            return execute(sql, values, *rest)

        path, _, query = question.format(**shop.ids).partition("?")
        asked = dict(piece.split("=") for piece in query.split("&") if piece)
        with connection.execute_wrapper(note):
            assert ask(f"/edd-api/{path}/", signed(shop.pair, **asked)).status == 200
        request_log._waiting.clear()
        self.steps = {sql: explain(sql, values) for sql, values in sent}

    def of(self, part: str) -> list[str]:
        """The steps of the first statement that holds a text."""
        found = [steps for sql, steps in self.steps.items() if part in sql]
        assert found, (part, list(self.steps))
        return found[0]

    def list_whole_tables(self) -> list[str]:
        """Steps that go through a big table without an index."""
        return [step for steps in self.steps.values() for step in steps if is_whole_table(step)]


def explain(sql: str, values: Sequence[Any]) -> list[str]:
    how = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN (COSTS OFF)"
    with connection.cursor() as cursor:
        cursor.execute(f"{how} {sql}", values)
        return [str(row[-1]).strip() for row in cursor.fetchall()]


def is_whole_table(step: str) -> bool:
    found = re.search(r"^SCAN (\w+)$|Seq Scan on (\w+)", step)
    return found is not None and (found[1] or found[2]) in (*BIG, *ALIASES)


ROWS = 3_000
"""So many orders and customers that the planner sees which index leaves few of them."""

CUT = (3_000 << BITS) + 1
"""The newest customer's id, from which a day's customers, one an hour, end inside of a block."""


@pytest.fixture(scope="module")
def shop(kept_shop: None) -> Shop:
    """Some orders with everything, many bare ones, and the store's own counts of them."""
    filled = fill(40)
    now = timezone.now()
    numbers = range(ROWS)
    mails = [f"many{number}@example.com" for number in numbers]
    times = [now - timedelta(hours=number) for number in numbers]
    customers = Customer.objects.bulk_create(
        Customer(pk=number, email=mail, email_folded=mail, created_at=moment, modified_at=moment)
        for number, (mail, moment) in enumerate(zip(mails, times, strict=True), CUT)
    )
    CustomerEmail.objects.bulk_create(
        CustomerEmail(customer=each, email=each.email, email_folded=each.email, created_at=now)
        for each in customers
    )
    orders = Order.objects.bulk_create(
        Order(
            status=("complete", "pending", "revoked")[number % 3],
            customer=customers[number],
            email_folded=mails[number],
            payment_key_folded=f"many-{number}",
            gateway="stripe",
            currency="USD",
            created_at=times[number],
            modified_at=times[number],
        )
        for number in numbers
    )
    OrderItem.objects.bulk_create(
        OrderItem(order=each, product_id=each.pk % 97, created_at=now) for each in orders
    )
    OrderAdjustment.objects.bulk_create(
        OrderAdjustment(order=each, type="fee", created_at=now) for each in orders
    )
    OrderTransaction.objects.bulk_create(OrderTransaction(order=each, created_at=now) for each in orders)
    OrderNote.objects.bulk_create(OrderNote(order=each, created_at=now) for each in orders)
    FileDownload.objects.bulk_create(FileDownload(customer_id=each.pk, created_at=now) for each in customers)
    products = Product.objects.bulk_create(
        Product(status="draft", created_local="2020-01-01 00:00:00", created_at=now, modified_at=now)
        for _ in numbers
    )
    term = Term.objects.get(slug="music")
    ProductTerm.objects.bulk_create(ProductTerm(product=each, term=term) for each in products)
    PriceOption.objects.bulk_create(PriceOption(product=each, price_id=1) for each in products)
    ProductFile.objects.bulk_create(ProductFile(product=each, position=0) for each in products)
    discounts = Discount.objects.bulk_create(
        Discount(code=f"many{number}", status="archived", created_at=now, modified_at=now)
        for number in numbers
    )
    DiscountProduct.objects.bulk_create(
        DiscountProduct(discount=each, role="requirement", position=0, product_ref="1") for each in discounts
    )
    holder = ApiKey.objects.get().user
    ApiKey.objects.bulk_create(
        ApiKey(user=holder, public_key=f"many{number}", token_digest="x", pepper_id="x", created_at=now)
        for number in numbers
    )
    kept.refresh_tallies()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return filled


def shun(*ways: str) -> None:
    """Has PostgreSQL's planner take another way wherever there is one."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for way in ways:
                cursor.execute(f"SET LOCAL enable_{way} = off")


def test_a_page_of_a_list_is_read_in_the_order_of_an_index(shop: Shop) -> None:
    shun("seqscan", "bitmapscan", "sort")
    for question, part, index in LISTS:
        steps = Plans(shop, question).of(f"FROM {part}")
        assert any(re.search(index, step) for step in steps), (question, steps)
        assert not any("TEMP B-TREE" in step or re.search(r"\bSort\b", step) for step in steps), (
            question,
            steps,
        )


def test_whatever_is_looked_up_has_its_index(shop: Shop) -> None:
    shun("seqscan")
    for question, part, index in QUESTIONS:
        steps = Plans(shop, question).of(part)
        assert any(re.search(index, step) for step in steps), (question, steps)


def test_customers_whose_ids_dont_follow_time_are_counted_by_the_index_on_times(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "MOST_CUTS", 0)
    shun("seqscan")
    steps = Plans(shop, "v2/customers?date=today").of("SELECT 1 FROM shop_customer c")
    assert any("customer_created_idx" in step for step in steps), steps


def test_no_question_goes_through_a_whole_table(shop: Shop) -> None:
    shun("seqscan")
    for question in dict.fromkeys(question for question, _, _ in (*LISTS, *QUESTIONS)):
        assert Plans(shop, question).list_whole_tables() == [], question
