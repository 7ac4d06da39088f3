"""Where in its list a record stands, without counting all those before it.

The ids of a list are cut into blocks of 32, these into blocks of 32 blocks, and so on. How many members each
block has is kept by the writes, in their own transaction; the row at any place is then found among a hundred
numbers or so, at any size of shop. Of customers, who are also asked for by date, a block knows
between which times they came: bounds that hold, but may be wider than need be after one is gone.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from tillroll.shop.models.orders import NET
from tillroll.shop.moments import bind_time
from tillroll.shop.statements import run

BITS = 5
"""A block of any level has 2^5 = 32 parts: few to read a level, and not many levels to write."""

LEVELS = (1, 2, 3, 4, 5)
"""At the highest a block spans 33 million ids: few rows even where ids reach 2^31."""

NET_SALES, COMPLETE_SALES, CUSTOMERS, DOWNLOADS = "sales:net", "sales:complete", "customers", "downloads"

_STATUSES = {NET_SALES: NET, COMPLETE_SALES: ("complete",)}

_NO_TIMES = "CAST(NULL AS TIMESTAMP) AS first_at, CAST(NULL AS TIMESTAMP) AS last_at"


def _count(name: str, table: str, condition: str = "id > 0", times: str = _NO_TIMES) -> str:
    """Each block of the first level: list, block, members, first and last time."""
    return (
        f"SELECT '{name}' AS name, id >> {BITS} AS block, COUNT(*) AS value, {times}"
        f" FROM {table} WHERE {condition} GROUP BY id >> {BITS}"
    )


def _quote(words: Iterable[str]) -> str:
    return "(" + ", ".join(f"'{word}'" for word in words) + ")"


_COUNTS = (
    *(
        _count(name, "shop_order", f"status IN {_quote(statuses)} AND type = 'sale'")
        for name, statuses in _STATUSES.items()
    ),
    _count(CUSTOMERS, "shop_customer", times="MIN(created_at) AS first_at, MAX(created_at) AS last_at"),
    _count(DOWNLOADS, "shop_filedownload"),
)


class Difference(NamedTuple):
    """A block that is not kept as it is counted; `is_misdated` when a member lies outside its times."""

    name: str
    level: int
    block: int
    kept: int
    counted: int
    is_misdated: bool = False


def move_order(kind: str, before: str | None, after: str | None, order_id: int) -> None:
    """Notes that an order's status became another; None is an order that was not there, or is not any
    more."""
    if kind != "sale":
        return
    changes = {name: (after in statuses) - (before in statuses) for name, statuses in _STATUSES.items()}
    adjust({name: by for name, by in changes.items() if by}, order_id)


def add_customer(customer_id: int, created_at: datetime) -> None:
    adjust({CUSTOMERS: 1}, customer_id, created_at)


def add_download(download_id: int) -> None:
    adjust({DOWNLOADS: 1}, download_id)


def adjust(changes: Mapping[str, int], record_id: int, at: datetime | None = None) -> None:
    """Adds to some lists at the place of one id, on all levels at once; `at` is when its record was made."""
    if not changes:
        return
    moment = bind_time(at) if at else None
    rows = [
        (name, level, record_id >> BITS * level, by, moment, moment)
        for name, by in changes.items()
        for level in LEVELS
    ]
    run(_write_addition(len(rows)), [value for row in rows for value in row])


@lru_cache(maxsize=8)
def _write_addition(rows: int) -> str:
    return (
        "INSERT INTO shop_block (name, level, block, value, first_at, last_at)"
        f" VALUES {', '.join(['(%s, %s, %s, %s, %s, %s)'] * rows)}"
        " ON CONFLICT (name, level, block) DO UPDATE SET value = shop_block.value + excluded.value,"
        " first_at = CASE WHEN shop_block.first_at IS NULL OR excluded.first_at < shop_block.first_at"
        " THEN excluded.first_at ELSE shop_block.first_at END,"
        " last_at = CASE WHEN shop_block.last_at IS NULL OR excluded.last_at > shop_block.last_at"
        " THEN excluded.last_at ELSE shop_block.last_at END"
    )


def rebuild() -> None:
    """All blocks anew, from the records."""
    run("DELETE FROM shop_block")
    for query in _COUNTS:
        run(
            "INSERT INTO shop_block (name, block, value, first_at, last_at, level)"
            f" SELECT name, block, value, first_at, last_at, 1 FROM ({query}) AS one"
        )
    for level in LEVELS[1:]:
        run(
            "INSERT INTO shop_block (name, block, value, first_at, last_at, level)"
            f" SELECT name, block >> {BITS}, CAST(SUM(value) AS BIGINT), MIN(first_at), MAX(last_at), %s"
            f" FROM shop_block WHERE level = %s GROUP BY name, block >> {BITS}",
            (level, level - 1),
        )


def find_differences() -> list[Difference]:
    """Blocks that are not as a recount of the records has them; none, if every write did its part."""
    counted = _recount()
    rows = run(
        "SELECT name, level, block, value, CAST(first_at AS TEXT), CAST(last_at AS TEXT) FROM shop_block"
    )
    kept = {(name, level, block): values for name, level, block, *values in rows}
    return list(_compare(kept, counted))


_Key = tuple[str, int, int]


def _recount() -> dict[_Key, list[Any]]:
    """Members, first and last time of each block of each level."""
    blocks: dict[_Key, list[Any]] = {}
    for query in _COUNTS:
        rows = run(
            f"SELECT name, block, value, CAST(first_at AS TEXT), CAST(last_at AS TEXT) FROM ({query}) AS one"
        )
        for name, block, value, first, last in rows:
            for level in LEVELS:
                whole = blocks.setdefault((name, level, block >> BITS * (level - 1)), [0, first, last])
                whole[0] += value
                if first is not None:
                    whole[1:] = min(whole[1], first), max(whole[2], last)
    return blocks


def _compare(kept: dict[_Key, list[Any]], counted: dict[_Key, list[Any]]) -> Iterator[Difference]:
    for key in sorted(kept.keys() | counted.keys()):
        value, first, last = kept.get(key, [0, None, None])
        real, earliest, latest = counted.get(key, [0, None, None])
        is_dated = earliest is None or (None not in (first, last) and first <= earliest and latest <= last)
        if value != real or not is_dated:
            yield Difference(*key, value, real, not is_dated)
