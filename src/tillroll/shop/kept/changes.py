"""A change of some orders, carried over into all ledgers and counts at the cost of those orders' own rows.

What the orders contribute is measured before and after by the same SQL, and the difference is added: no
figure is summed over its history, however long that is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import NamedTuple

from tillroll.shop import ranks
from tillroll.shop.kept.additions import add
from tillroll.shop.kept.counts import adjust_tallies
from tillroll.shop.kept.ledgers import (
    SOURCES,
    Entry,
    Figures,
    Key,
    Ledger,
    add_figures,
    list_entries,
    list_ledgers,
    list_takers,
    write_rows,
)
from tillroll.shop.locale import get_zone
from tillroll.shop.moments import read_time
from tillroll.shop.statements import cut, run
from tillroll.shop.zone import get_day

BATCH = 400
"""Orders that one statement names by their ids."""


class OrderState(NamedTuple):
    """What of an order decides where it is counted."""

    type: str
    status: str
    created_at: datetime


class Measure(NamedTuple):
    """Some orders at one moment: each one's state, and what they enter: entry, order, key and figures."""

    states: dict[int, OrderState]
    entered: list[tuple[Entry, int, int | str, Figures]]


@contextmanager
def following(*ids: int) -> Iterator[set[int]]:
    """All ledgers and counts follow what the block does to these orders and to what belongs to them; inside
    a transaction that holds their topics. New orders are put into the set that is given."""
    orders = _list_family(ids)
    before = _measure(orders)
    yield orders
    _settle(before, _measure(orders))


def _list_family(ids: Sequence[int]) -> set[int]:
    """The orders, their refunds, and orders with items that take back items of theirs: what those enter
    hangs on the status of the item that they take back."""
    family = set(ids)
    for some in cut(ids, BATCH):
        marks = ", ".join(["%s"] * len(some))
        found = run(
            f"SELECT o.id FROM shop_order o WHERE o.parent_id IN ({marks}) UNION"
            " SELECT i.order_id FROM shop_orderitem p JOIN shop_orderitem i ON i.parent_id = p.id"
            f" WHERE p.order_id IN ({marks})",
            (*some, *some),
        )
        family.update(order for (order,) in found)
    return family


def _measure(orders: set[int]) -> Measure:
    measure = Measure({}, [])
    for some in cut(sorted(orders), BATCH):
        _add_measure(measure, some)
    return measure


def _add_measure(measure: Measure, ids: Sequence[int]) -> None:
    for source in SOURCES:
        entries = list_entries(list_ledgers(), source)
        for order, type, status, at, *row in run(write_rows(source, entries, len(ids)), ids):
            if order not in measure.states:
                measure.states[order] = OrderState(type, status, read_time(at))
            start = 0
            for entry in entries:
                end = start + 1 + len(entry.counts) + len(entry.amounts)
                key, *figures = row[start:end]
                if key is not None:
                    measure.entered.append((entry, order, key, tuple(figures)))
                start = end


def _settle(before: Measure, after: Measure) -> None:
    """Adds the difference to everything that counts orders."""
    _settle_tallies(before.states.values(), after.states.values())
    _settle_places(before.states, after.states)
    for ledger, changes in _subtract(after, before, get_zone()).items():
        add(ledger, changes)


def _settle_tallies(before: Iterable[OrderState], after: Iterable[OrderState]) -> None:
    counts: dict[str, int] = {}
    for states, sign in ((after, 1), (before, -1)):
        for state in states:
            name = f"order:{state.type}:{state.status}"
            counts[name] = counts.get(name, 0) + sign
    adjust_tallies(counts)


def _settle_places(before: Mapping[int, OrderState], after: Mapping[int, OrderState]) -> None:
    moves: list[ranks.Move] = []
    for order in before.keys() | after.keys():
        was, now = before.get(order), after.get(order)
        if was and now and was.type == now.type:
            moves.append((now.type, was.status, now.status, order))
            continue
        if was:
            moves.append((was.type, was.status, None, order))
        if now:
            moves.append((now.type, None, now.status, order))
    ranks.move_orders(moves)


def _subtract(after: Measure, before: Measure, zone: tzinfo) -> dict[Ledger, dict[Key, Figures]]:
    """What changes in the rows of each ledger."""
    ledgers = list_ledgers()
    changes: dict[Ledger, dict[Key, Figures]] = {ledger: {} for ledger in ledgers}
    for measure, sign in ((after, 1), (before, -1)):
        days = {order: get_day(state.created_at, zone) for order, state in measure.states.items()}
        for entry, order, key, figures in measure.entered:
            day = days[order]
            for ledger in list_takers(ledgers, entry):
                if day or not ledger.by_day:
                    add_figures(changes[ledger], ledger.get_row(key, day), figures, sign)
    return changes
