"""Results are kept as lines and become tables."""

from pathlib import Path

from bench.report import fill, show, show_number, tabulate, write_sections
from bench.results import Line, Machine, Row, Spread, Verdict, encode, load

MACHINE = Machine("2026-11-26", 2, "AMD EPYC", 24, "Linux 6.1", "3.11.7", "3.40.1", "wrk", "3 rounds.")
ROWS = [
    Row(
        part="answers",
        name="v2 sales, 50",
        form="first time",
        ours=Spread.of([1116, 1099, 1136]),
        beside="F",
        other=Spread.of([1331, 1307, 1342]),
        p50=7.04,
        p99=10.5,
        size=20_480,
    ),
    Row(part="answers", name="info", form="304", beside="S", note="Its answer has no ETag."),
    Row(part="start", name="start | answer", unit="s", ours=Spread.of([0.5])),
]
VERDICT = Verdict("a / b", "one beside the other", "at least 0.4", 0.394, "info", "missed")


def test_lines_are_kept_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "results"
    lines: list[Line] = [MACHINE, *ROWS, VERDICT]
    file.write_bytes(b"".join(encode(line) for line in lines))
    assert load(file) == lines


def test_a_ratio_is_that_of_two_medians() -> None:
    assert ROWS[0].ratio == 1116 / 1331
    assert ROWS[1].ratio is None


def test_numbers_keep_three_digits_and_spreads_show_the_noise() -> None:
    assert [show_number(value) for value in (12_345.6, 99.94, 1.234, None)] == ["12,346", "99.9", "1.23", ""]
    assert show(Spread(1116, 1099, 1136)) == "1,116 (1,099-1,136)"
    assert show(Spread(0.5, 0.5, 0.5)) == "0.50"


def test_each_part_and_form_is_a_table_without_empty_columns() -> None:
    tables = tabulate(ROWS)
    assert [table.title for table in tables] == [
        "answers, first time, answers a second",
        "answers, 304",
        "start",
    ]
    assert tables[0].columns == ["", "Tillroll", "F", "ratio", "p50 ms", "p99 ms", "KB"]
    assert tables[0].rows == [
        ["v2 sales, 50", "1,116 (1,099-1,136)", "1,331 (1,307-1,342)", "0.84", "7.04", "10.5", "20.0"]
    ]
    assert tables[1].rows == [["info", "Its answer has no ETag."]]
    assert tables[2].columns == ["", "s"]


def test_the_page_gets_its_marked_places_and_keeps_the_rest() -> None:
    rest = "kept\n\n<!-- bench: size -->\nold\n<!-- /bench -->\n"
    page = f"# P\n\n<!-- bench: goals --><!-- /bench -->\n\n{rest}"
    filled = fill(page, write_sections([MACHINE, *ROWS, VERDICT]))
    assert filled == (
        "# P\n\n<!-- bench: goals -->\n\n"
        "| goal | compares | bound | found |  | worst |\n| --- | --- | --- | --- | --- | --- |\n"
        "| a / b | one beside the other | at least 0.4 | 0.39 | missed | info |\n\n<!-- /bench -->\n\n" + rest
    )
    assert fill(filled, write_sections([VERDICT])) == filled


def test_the_machine_is_named_and_a_bar_does_not_break_a_table() -> None:
    sections = write_sections([MACHINE, *ROWS])
    assert sections["machine"] == (
        "Measured on 2026-11-26: 2 cores of AMD EPYC, 24 GB, Linux 6.1, Python 3.11.7, SQLite 3.40.1. The"
        " load generator, wrk, runs on the same cores. 3 rounds."
    )
    assert sections["start"] == "*start*\n\n|  | s |\n| --- | --- |\n| start / answer | 0.50 |"
