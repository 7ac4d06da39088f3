"""All records of the store as plain rows, for comparing two ways by which they came."""

from typing import Any

from django.db import connection

from tillroll.intake.staging import KINDS, MODIFIED
from tillroll.shop.fields import UNITS

_KEPT = {
    "shop_tally": "SELECT name, value FROM shop_tally WHERE value <> 0",
    "shop_block": "SELECT name, level, block, value FROM shop_block WHERE value <> 0",
    "shop_shopsettings": "SELECT * FROM shop_shopsettings",
    "stats_daytotal": "SELECT * FROM stats_daytotal WHERE sales <> 0 OR headline <> 0 OR earnings_whole <> 0",
    "stats_shoptotal": "SELECT * FROM stats_shoptotal",
    "stats_productdaytotal": (
        "SELECT product_id, day, sold, refunds, earnings_whole, earnings_rest, tax_whole, tax_rest,"
        " refunded_whole, refunded_rest FROM stats_productdaytotal"
        " WHERE sold <> 0 OR earnings_whole <> 0 OR earnings_rest <> 0"
    ),
    "stats_producttotal": (
        "SELECT * FROM stats_producttotal WHERE sold <> 0 OR earnings_whole <> 0 OR earnings_rest <> 0"
    ),
    **{
        f"stats_{name}daytotal": (
            f"SELECT * FROM stats_{name}daytotal"  # noqa: S608 (names from here)
            " WHERE sales <> 0 OR refunds <> 0 OR earnings_whole <> 0 OR earnings_rest <> 0 OR tax_whole <> 0"
        )
        for name in ("gateway", "country", "discount")
    },
}


Tables = dict[str, dict[tuple[Any, ...], dict[str, Any]]]
"""By table and key the values of each row."""


def read_records() -> Tables:
    """All but what is this shop's own: when a record changed here, and the numbers of rows."""
    tables: Tables = {}
    with connection.cursor() as cursor:
        for kind in KINDS:
            names = [name for name in (*kind.columns, *kind.kept) if name != MODIFIED]
            quoted = ", ".join(f'"{name}"' for name in names)
            cursor.execute(f"SELECT {quoted} FROM {kind.table}")  # noqa: S608 (own names)
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            tables[kind.table] = {tuple(row[name] for name in kind.key): _join(row) for row in rows}
        for table, query in _KEPT.items():
            cursor.execute(query)
            names = [column[0] for column in cursor.description]
            rows = [_join(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
            tables[table] = {tuple(row.values()): row for row in rows}
    return tables


def _join(row: dict[str, Any]) -> dict[str, Any]:
    """An amount's two parts as one: the same sum may be carried in two ways."""
    for name in [name for name in row if name.endswith("_whole")]:
        rest = name.replace("_whole", "_rest")
        row[name] = row[name] * UNITS + row.pop(rest)
    return row


def tell_differences(ours: Tables, theirs: Tables) -> list[str]:
    """The rows that are not alike, with what differs in them; empty where all are."""
    said = []
    for table in ours:
        for key in ours[table].keys() | theirs[table].keys():
            mine, other = ours[table].get(key), theirs[table].get(key)
            if mine is None or other is None:
                said.append(f"{table} {key}: {'missing' if mine is None else 'too much'}")
            elif unlike := [
                f"{name}: {mine[name]} is {other[name]}" for name in mine if mine[name] != other[name]
            ]:
                said.append(f"{table} {key}: {', '.join(unlike)}")
    return sorted(said)
