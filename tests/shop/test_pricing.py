"""What an order comes to: a discount shared among its lines, and tax, exact to the last decimal."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from tests.shops import setup_discount, setup_product, setup_term
from tillroll.shop.models import Discount, Product
from tillroll.shop.services import Line
from tillroll.shop.services.pricing import price_lines, share

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def line(price: str, quantity: int = 1, product: Product | None = None, price_id: int | None = None) -> Line:
    return Line(product or Product(pk=1, title="Ink"), Decimal(price), quantity, price_id=price_id)


def total(one: Line) -> Decimal:
    return one.amount * one.quantity - one.discount + one.tax


def price(*lines: Line, decimals: int = 2, **more: Any) -> list[Line]:
    return list(price_lines(lines, at=NOW, decimals=decimals, **more).lines)


def test_without_anything_a_line_is_its_price() -> None:
    (one,) = price(line("12.50", 3))
    assert (one.amount, total(one)) == (Decimal("12.50"), Decimal("37.50"))
    assert one.discount == one.tax == 0


def test_tax_is_put_on_and_rounded_half_up() -> None:
    (one,) = price(line("12.50", 3), tax_rate=Decimal(19))
    assert (one.tax, total(one)) == (Decimal("7.13"), Decimal("44.63"))


def test_a_currency_without_cents_has_none() -> None:
    (one,) = price(line("1250"), tax_rate=Decimal(10), decimals=0)
    assert one.tax == Decimal(125)


def test_a_price_with_tax_in_it_stays_what_is_paid() -> None:
    (one,) = price(line("19.99", 3), tax_rate=Decimal(19), prices_include_tax=True)
    assert total(one) == Decimal("59.97")
    assert round(one.tax, 2) == Decimal("9.58")


@given(
    st.decimals("0.01", "99999", places=2),
    st.integers(1, 50),
    st.sampled_from(["0", "5.5", "7", "19", "20", "25"]),
)
def test_what_is_paid_is_always_the_price(amount: Decimal, quantity: int, rate: str) -> None:
    (one,) = price(line(str(amount), quantity), tax_rate=Decimal(rate), prices_include_tax=True)
    assert total(one) == amount * quantity
    assert one.tax >= Decimal("-0.0000001")


@given(st.decimals(0, 100_000, places=2), st.lists(st.decimals(0, 10_000, places=2), min_size=1, max_size=12))
def test_parts_add_up_to_what_is_shared(amount: Decimal, weights: list[Decimal]) -> None:
    parts = share(amount, weights, 2)
    assert sum(parts) == (amount if any(weights) else 0)
    assert all(part >= 0 and part == round(part, 2) for part in parts)
    for part, weight in zip(parts, weights, strict=True):
        exact = amount * weight / sum(weights) if any(weights) else Decimal(0)
        assert abs(part - exact) <= Decimal("0.01")


pytestmark = pytest.mark.django_db


def of(discount: Discount, *lines: Line, **more: Any) -> list[Decimal]:
    return [one.discount for one in price(*lines, discount=discount, **more)]


def test_per_cent_are_taken_off_each_line_by_its_amount() -> None:
    half = setup_discount("HALF", amount="50")
    assert of(half, line("10"), line("0.05"), line("3", 2)) == [Decimal("5"), Decimal("0.03"), Decimal("3")]


def test_an_amount_is_shared_and_never_more_than_there_is() -> None:
    ten = setup_discount("TEN", amount="10", amount_type="flat")
    assert of(ten, line("20"), line("10"), line("0")) == [Decimal("6.67"), Decimal("3.33"), 0]
    assert of(ten, line("4")) == [Decimal("4")]


def test_tax_is_on_what_is_left() -> None:
    half = setup_discount("HALF", amount="50")
    (one,) = price(line("100"), discount=half, tax_rate=Decimal(10))
    assert (one.tax, total(one)) == (Decimal(5), Decimal(55))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"status": "inactive"}, "HALF is inactive; only an active one can be used"),
        ({"starts_at": NOW + timedelta(days=1)}, "begins at 2026-03-05 12:00 UTC"),
        ({"ends_at": NOW}, "ended at 2026-03-04 12:00 UTC"),
        ({"max_uses": 2, "use_count": 2}, "was used 2 times; it has no use left"),
        ({"min_charge": Decimal("10.01")}, "takes an order of 10.01 at the least; this one comes to 10"),
    ],
)
def test_a_discount_that_does_not_apply_says_why(changes: dict[str, Any], sentence: str) -> None:
    discount = setup_discount("HALF", amount="50")
    for name, value in changes.items():
        setattr(discount, name, value)
    with pytest.raises(ValidationError) as refused:
        of(discount, line("10"))
    assert sentence in refused.value.messages[0]


def test_required_and_excluded_products_decide_what_it_is_taken_off() -> None:
    ink, pen, cap = setup_product(prices=[("A", "10"), ("B", "20")]), setup_product(), setup_product()
    lines = [line("10", product=ink, price_id=2), line("10", product=pen), line("10", product=cap)]
    wanted = [f"{ink.pk}_2"]
    assert of(setup_discount("A", amount="50", requirements=wanted), *lines) == [5, 5, 5]
    narrow = setup_discount("B", amount="50", requirements=wanted, scope="not_global")
    assert of(narrow, *lines) == [5, 0, 0]
    assert of(setup_discount("C", amount="50", exclusions=[str(pen.pk)]), *lines) == [5, 0, 5]
    other = [line("10", product=ink, price_id=1)]
    with pytest.raises(ValidationError, match="takes one of the products that it requires"):
        of(setup_discount("D", amount="50", requirements=wanted, requirement_condition="any"), *other)
    both = setup_discount("E", amount="5", requirements=[*wanted, str(cap.pk)], requirement_condition="all")
    with pytest.raises(ValidationError, match="takes all products that it requires"):
        of(both, lines[0])
    with pytest.raises(ValidationError, match="is for none of these products"):
        of(setup_discount("F", amount="5", exclusions=[str(pen.pk)]), lines[1])


def test_categories_are_in_or_out() -> None:
    books = setup_term("Books")
    atlas, pen = setup_product(terms=[books]), setup_product()
    discount = setup_discount("READ", amount="50", term_condition="include")
    discount.terms.create(position=0, term_id=books.term_id)
    lines = [line("10", product=atlas), line("10", product=pen)]
    assert of(discount, *lines) == [5, 0]
    discount.term_condition = "exclude"
    assert of(discount, *lines) == [0, 5]
