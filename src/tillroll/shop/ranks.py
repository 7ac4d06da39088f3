"""Where in its list a record stands, without counting all those before it.

The ids of a list are cut into blocks of 32, these into blocks of 32 blocks, and so on. How many members each
block has is kept by the writes, in their own transaction; the row at any place is then found among a hundred
numbers or so, at any size of shop. Of customers, who are also asked for by date, a block knows
between which times they came: bounds that hold, but may be wider than need be after one is gone.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from tillroll.shop.models.orders import NET
from tillroll.shop.moments import bind_time
from tillroll.shop.statements import cut, run

BITS = 5
"""A block of any level has 2^5 = 32 parts: few to read a level, and not many levels to write."""

BATCH = 100
"""Blocks that one statement writes."""

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


_Key = tuple[str, int, int]
"""A list, a level and a block."""

Change = tuple[str, int, int, datetime | None]
"""A list, the id of a record, what is added there, and when the record was made."""

Move = tuple[str, str | None, str | None, int]
"""Of an order its type, its status before and after, and its id; None is an order that was not there, or is
not any more."""


class Difference(NamedTuple):
    """A block that is not kept as it is counted; `is_misdated` when a member lies outside its times."""

    name: str
    level: int
    block: int
    kept: int
    counted: int
    is_misdated: bool = False


def move_orders(moves: Iterable[Move]) -> None:
    """Notes that some orders' status became another."""
    adjust(
        (name, order_id, by, None)
        for kind, before, after, order_id in moves
        if kind == "sale"
        for name, statuses in _STATUSES.items()
        if (by := (after in statuses) - (before in statuses))
    )


def add_customer(customer_id: int, created_at: datetime) -> None:
    adjust([(CUSTOMERS, customer_id, 1, created_at)])


def add_download(download_id: int) -> None:
    adjust([(DOWNLOADS, download_id, 1, None)])


def adjust(changes: Iterable[Change]) -> None:
    """Adds to lists at the places of some ids, on all levels at once. A block is written once, however many
    of them are in it."""
    blocks: dict[_Key, list[Any]] = {}
    for name, record_id, by, at in changes:
        moment = bind_time(at) if at else None
        for level in LEVELS:
            block = blocks.setdefault((name, level, record_id >> BITS * level), [0, moment, moment])
            block[0] += by
            if moment is not None:
                block[1:] = min(block[1] or moment, moment), max(block[2] or moment, moment)
    rows = [(*key, *values) for key, values in blocks.items()]
    for some in cut(rows, BATCH):
        run(_write_addition(len(some)), [value for row in some for value in row])


@lru_cache(maxsize=BATCH)
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
