"""Money goes into the store and comes back to the unit, on either store."""

from decimal import Decimal as D

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Max, Q
from hypothesis import given
from hypothesis import strategies as st

from tests.shops import setup_product
from tillroll.shop.fields import (
    LARGEST,
    check_amount,
    divide_units,
    from_units,
    join_sum,
    to_units,
)
from tillroll.shop.models import Product


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("amount", "units"),
    [
        ("123456789.123456789", 123456789123456789),
        ("-123456789.123456789", -123456789123456789),
        ("999999999.999999999", 10**18 - 1),
        ("-999999999.999999999", 1 - 10**18),
        ("0.000000001", 1),
        ("19.99", 19990000000),
        ("0", 0),
    ],
)
def test_an_amount_comes_back_as_it_was_saved(amount: str, units: int) -> None:
    product = setup_product(price=amount)

    product.refresh_from_db()

    assert product.price == D(amount)
    with connection.cursor() as cursor:
        cursor.execute("SELECT price FROM shop_product")
        assert cursor.fetchall() == [(units,)]


@pytest.mark.django_db
def test_no_amount_stays_none() -> None:
    product = setup_product(price=None)

    product.refresh_from_db()

    assert product.price is None


@pytest.mark.django_db
def test_amounts_are_compared_and_sorted_as_numbers() -> None:
    for amount in ("9.99", "10", "100", "-1"):
        setup_product(price=amount)

    assert list(Product.objects.order_by("price").values_list("price", flat=True)) == [
        D("-1"),
        D("9.99"),
        D("10"),
        D("100"),
    ]
    assert Product.objects.filter(Q(price__gt=D("9.99"))).count() == 2
    assert Product.objects.aggregate(most=Max("price"))["most"] == D("100")


@pytest.mark.parametrize(
    "amount", ["1000000000", "-1000000000", "999999999.9999999995", "1E+100", "Infinity", "-Infinity", "NaN"]
)
def test_an_amount_out_of_range_is_refused_in_a_sentence(amount: str) -> None:
    with pytest.raises(ValidationError) as refused:
        check_amount(D(amount))

    assert refused.value.messages == [f"{D(amount)} is out of range; amounts go up to 999999999.999999999."]


@pytest.mark.parametrize("text", ["", "12,50", "ten", "1.2.3"])
def test_a_text_that_is_no_amount_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Product._meta.get_field("price").to_python(text)

    assert refused.value.messages == [f"{text!r} is not an amount; write it as 19.99."]


@pytest.mark.parametrize(
    ("amount", "units"),
    [("0.0000000005", 1), ("-0.0000000005", -1), ("0.00000000049", 0), ("1.0000000015", 1000000002)],
)
def test_a_tenth_decimal_rounds_half_away_from_zero(amount: str, units: int) -> None:
    assert to_units(D(amount)) == units


@pytest.mark.parametrize(
    ("units", "rate", "expected"),
    [(10, 4_000_000_000, 3), (-10, 4_000_000_000, -3), (1, 3_000_000_000, 0), (7, 10**9, 7), (1, 10**8, 10)],
)
def test_a_division_rounds_half_away_from_zero(units: int, rate: int, expected: int) -> None:
    assert divide_units(units, rate) == expected


@given(st.integers(-LARGEST, LARGEST))
def test_units_and_amounts_are_two_forms_of_one(units: int) -> None:
    assert to_units(from_units(units)) == check_amount(from_units(units)) == units


@given(st.lists(st.integers(-LARGEST, LARGEST), max_size=30))
def test_a_sum_in_two_parts_is_the_sum(amounts: list[int]) -> None:
    signs = [1 if units >= 0 else -1 for units in amounts]
    whole = sum(sign * (abs(units) // 10**9) for sign, units in zip(signs, amounts, strict=True))
    rest = sum(sign * (abs(units) % 10**9) for sign, units in zip(signs, amounts, strict=True))

    assert join_sum(whole, rest) == from_units(sum(amounts))
