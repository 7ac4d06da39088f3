"""Many lines of the request log go into the store by a few statements, none lost and in their order."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from tillroll.access.log import AT_ONCE, Line, RequestLog
from tillroll.access.models import RequestLogEntry

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


@pytest.fixture
def log() -> Iterator[RequestLog]:
    yield RequestLog()
    RequestLogEntry.objects.all().delete()


def _fill(log: RequestLog, count: int) -> list[Line]:
    lines = [
        Line(
            timezone.now(),
            place,
            f"user {place}",
            place or None,
            "50 %s, 100 %",
            "",
            "v2",
            "sales",
            f"number={place}",
            200,
            "",
            "127.0.0.1",
            place / 8,
            place * 7,
        )
        for place in range(count)
    ]
    for line in lines:
        log.add(line)
    return lines


@pytest.mark.parametrize(
    ("count", "statements"),
    [(1, 1), (AT_ONCE - 1, 1), (AT_ONCE, 1), (AT_ONCE + 1, 2), (2 * AT_ONCE + 5, 3)],
    ids=["one", "a few", "a full statement", "one more", "several"],
)
def test_all_lines_are_written_in_their_order(
    log: RequestLog, count: int, statements: int, django_assert_num_queries: Any
) -> None:
    lines = _fill(log, count)
    with django_assert_num_queries(statements + 2, using="logs"):  # a savepoint and its release
        log.flush()
    columns = [name for name in Line._fields if name != "at"]
    rows = list(RequestLogEntry.objects.order_by("id").values_list("at", *columns))
    assert rows == [tuple(line) for line in lines]
