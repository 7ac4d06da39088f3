"""Where the server puts the bars, lines and labels of a chart over time."""

from decimal import Decimal

from tillroll.backoffice.charts import Series, Shape, Step, draw_steps

SERIES = (Series("gross", "Gross"), Series("net", "Net"))


def step(number: int, *values: str) -> Step:
    return Step(f"{number}", f"Step {number}", tuple(map(Decimal, values)))


def test_bars_stand_on_zero_and_the_later_ones_before_the_earlier() -> None:
    chart = draw_steps(SERIES, [step(1, "100", "50"), step(2, "0", "-100")])

    assert [(line.place, line.label) for line in chart.lines] == [
        (100.0, "-100"), (75.0, "-50"), (50.0, "0"), (25.0, "50"), (0.0, "100"),
    ]  # fmt: skip
    assert chart.zero == 50.0
    assert chart.columns[0].shapes == (
        Shape("gross", 4.0, 0.0, 42.0, 50.0),
        Shape("net", 11.5, 25.0, 27.0, 25.0),
    )
    assert chart.columns[1].shapes == (Shape("net", 61.5, 50.0, 27.0, 50.0),)


def test_a_chart_of_nothing_has_an_axis() -> None:
    chart = draw_steps(SERIES, [step(1, "0", "0")])
    assert [line.label for line in chart.lines] == ["0", "0.5", "1"]
    assert chart.columns[0].shapes == ()
    assert draw_steps(SERIES, []).columns == ()


def test_large_values_are_shortened() -> None:
    chart = draw_steps(SERIES[:1], [step(1, "5500000")])
    assert [line.label for line in chart.lines] == ["0", "2m", "4m", "6m"]


def test_of_many_steps_a_few_are_named() -> None:
    chart = draw_steps(SERIES[:1], [step(number, "1") for number in range(365)])
    assert [(mark.label, mark.is_minor) for mark in chart.labels] == [
        ("0", False), ("53", True), ("106", True), ("159", False),
        ("212", True), ("265", True), ("318", False),
    ]  # fmt: skip
    assert (chart.labels[0].anchor, chart.labels[1].anchor) == ("start", "middle")
