"""A machine without a PostgreSQL is told of, not broken off at."""

from pathlib import Path

import pytest

from bench import postgresql
from bench.goals import judge
from bench.plan import Plan


def test_where_no_server_answers_the_rows_say_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgresql, "_SERVER", "postgresql://127.0.0.1:1/postgres")
    rows = list(postgresql.measure_postgresql(Plan(tmp_path)))
    assert [(row.name, row.ours) for row in rows] == [("v2 customers, 10", None), ("v2 sales, 50", None)]
    assert all(row.note.startswith("No PostgreSQL: connection") for row in rows)
    [verdict] = judge(rows, ["postgresql"])
    assert (verdict.outcome, verdict.where) == ("not measured", rows[0].note)
