"""The back office's pages are found in the admin site and become rows."""

import json

import pytest

from bench.backoffice import read_rows
from bench.goals import GOALS
from bench.load import LoadError


def make_line(page: str, ms: float, status: int = 200) -> str:
    return json.dumps({"page": page, "status": status, "ms": [ms], "queries": 7})


def test_a_slow_page_misses_the_goal_and_is_named() -> None:
    rows = list(read_rows([make_line("/admin/a/", 12), make_line("/admin/b/", 301)]))
    assert [row.note for row in rows] == ["7 queries"] * 2
    goal = next(goal for goal in GOALS if goal.part == "backoffice")
    verdict = goal.judge(rows)
    assert (verdict.found, verdict.where, verdict.outcome) == (301, "/admin/b/", "missed")


def test_a_page_that_fails_is_no_fast_page() -> None:
    with pytest.raises(LoadError, match="/admin/b/ answered 500"):
        list(read_rows([make_line("/admin/b/", 1, 500)]))
