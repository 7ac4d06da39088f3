"""What MySQL's texts mean."""

import pytest

from tillroll.intake.wordpress import values
from tillroll.intake.wordpress.values import (
    UNITS_OF,
    decode_entities,
    get_rate,
    in_shop_currency,
    is_true,
    parse_price,
    pick,
    take_id,
    take_time,
    take_whole,
)


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("20.000000000", 20_000_000_000),
        ("0.000000001", 1),
        ("-0.500000000", -500_000_000),
        ("999999999.999999999", 999_999_999_999_999_999),
        ("1234567890123.0", 999_999_999_999_999_999),
        ("19.99", 19_990_000_000),
        ("1e2", 100_000_000_000),
        ("0.0000000005", 1),
        ("", 0),
        (None, 0),
        ("free", 0),
        ("NaN", 0),
        ("Infinity", 0),
    ],
)
def test_an_amount_is_counted_in_whole_units(text: str | None, units: int) -> None:
    assert UNITS_OF[text] == units


def test_amounts_that_were_worked_out_are_not_kept_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "_MOST_KEPT", 10)
    table = values.UnitTable()
    assert [table[f"{number}.000000000"] for number in range(40)] == [n * 10**9 for n in range(40)]
    assert len(table) <= 11


@pytest.mark.parametrize(
    ("text", "decimal", "thousands", "units"),
    [
        ("49.00", ".", ",", 49_000_000_000),
        ("1,234.50", ".", ",", 1_234_500_000_000),
        ("1234.50", ",", ".", 1_234_500_000_000),
        ("1.234,50", ",", ".", 1_234_500_000_000),
        ("1 234,50", ",", " ", 1_234_500_000_000),
        ("1.234,50", ",", ",", 1_234_500_000_000),
        ("1.234", ",", ".", 1_234_000_000),
        ("$ 12", ".", ",", 12_000_000_000),
        ("-3.5", ".", ",", -3_500_000_000),
        ("1.2.3", ".", ",", 1_200_000_000),
        (".5", ".", ",", 500_000_000),
        ("", ".", ",", 0),
        ("free", ".", ",", 0),
        (".", ".", ",", 0),
    ],
)
def test_a_price_is_read_with_the_shops_separators(
    text: str, decimal: str, thousands: str, units: int
) -> None:
    assert parse_price(text, decimal, thousands) == units


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-12-03 00:03:17", "2024-12-03 00:03:17"),
        ("2024-02-29 23:59:59", "2024-02-29 23:59:59"),
        ("2024-12-03 00:03:17.250000", "2024-12-03 00:03:17"),
        ("0000-00-00 00:00:00", None),
        ("2023-02-29 10:00:00", None),
        ("2024-00-01 10:00:00", None),
        ("2024-12-03 24:00:00", None),
        ("2024-12-03T00:03:17", None),
        ("2024-12-03", None),
        ("2024-12-03 00:03", None),
        ("now", None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_is_one_or_nothing(text: str | None, time: str | None) -> None:
    assert take_time(text) == time
    assert take_time(text) == time  # the second time by what was learnt
    assert take_time(text, "then") == (time or "then")


def test_a_day_and_a_clock_that_are_known_do_not_make_another_form_a_time() -> None:
    assert take_time("2024-12-03 10:11:12") == "2024-12-03 10:11:12"
    assert take_time("2024-12-0310:11:12") is None


@pytest.mark.parametrize(
    ("text", "rate"),
    [("1.00000", 10**9), ("0.92500", 925_000_000), ("0.00000", None), ("-1.00000", None), (None, None)],
)
def test_only_a_rate_above_zero_can_be_divided_by(text: str | None, rate: int | None) -> None:
    assert get_rate(text) == rate


def test_an_amount_that_grows_out_of_range_has_none_in_shop_currency() -> None:
    assert in_shop_currency(100 * 10**9, 925_000_000) == 108_108_108_108
    assert in_shop_currency(-100 * 10**9, 925_000_000) == -108_108_108_108
    assert in_shop_currency(500_000_000 * 10**9, 10_000) is None


@pytest.mark.parametrize(
    ("text", "number", "id_"),
    [("12", 12, 12), ("0", 0, None), (None, 0, None), ("x", 0, None), ("18446744073709551615", 0, None)],
)
def test_a_whole_number_is_one_that_a_database_keeps(text: str | None, number: int, id_: int | None) -> None:
    assert take_whole(text) == number
    assert take_id(text) == id_


@pytest.mark.parametrize(
    ("text", "truth"), [("1", True), ("no", True), ("0", False), ("", False), (None, False)]
)
def test_truth_is_phps(text: str | None, truth: bool) -> None:
    assert is_true(text) is truth


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Harbor &amp; Pine", "Harbor & Pine"),
        ("/?post_type=download&#038;p=26", "/?post_type=download&p=26"),
        ("/?a=1&para=2&copy=3", "/?a=1&para=2&copy=3"),
        ("&#x2014;", "—"),
        ("&nosuch;", "&nosuch;"),
    ],
)
def test_only_whole_entities_are_decoded(text: str, plain: str) -> None:
    assert decode_entities(text) == plain


def test_rows_are_given_in_the_order_that_is_wanted() -> None:
    rows: list[tuple[str | None, ...]] = [("7", "x", "A"), ("8", None, "B")]
    assert list(pick(("ID", "note", "Name"), ("id", "name"))(rows)) == [("7", "A"), ("8", "B")]
    assert list(pick(("ID", "note", "Name"), ("ID", "name", "rate"))(rows)) == [
        ("7", "A", None),
        ("8", "B", None),
    ]
    assert pick(("a", "b"), ("a", "b"))(rows) is rows


def test_a_table_without_its_first_column_can_not_be_read() -> None:
    with pytest.raises(KeyError, match="id"):
        pick(("note",), ("id", "note"))
