"""Orders that the shop is just writing. EDD writes an order first and then its items, each by itself: a new
order without any waits for its items, so that nobody sees it without them."""

from datetime import datetime, timedelta

from tillroll.intake.mirror.layouts import BY_NAME
from tillroll.intake.mirror.reader import MEMBERS, Reader
from tillroll.intake.mirror.resolving import Parts
from tillroll.intake.mirror.watching import Found
from tillroll.intake.staging import Staging
from tillroll.intake.wordpress.values import take_whole
from tillroll.shop.models import Order
from tillroll.shop.statements import cut

PATIENCE = 60
"""Seconds after which an order that still has no items has none."""

_UNFINISHED = """
SELECT o.id FROM `{p}edd_orders` o WHERE o.id IN ({marks}) AND o.date_modified BETWEEN %s AND %s
AND NOT EXISTS (SELECT 1 FROM `{p}edd_order_items` i WHERE i.order_id = o.id)
"""
_STAGED = """
SELECT id FROM staged_shop_order WHERE modified_at BETWEEN ? AND ?
AND id NOT IN (SELECT order_id FROM staged_shop_orderitem WHERE order_id IS NOT NULL)
"""


def hold_back(parts: Parts, found: Found, reader: Reader, prefix: str) -> None:
    """Takes orders that are new here and not finished there out of what is exchanged; the ledger is not told
    of them, so that the next round finds them again."""
    orders = set(parts.get("order") or ())
    known = set(Order.objects.filter(pk__in=orders).values_list("pk", flat=True)) if orders else set()
    if not (new := sorted(orders - known)):
        return
    held: set[int] = set()
    bounds = _get_bounds(datetime.fromisoformat(found.facts["seen_at"]))
    for some in cut(new, MEMBERS):
        query = _UNFINISHED.format(p=prefix, marks=", ".join(["%s"] * len(some)))
        held.update(take_whole(order) for (order,) in reader.snapshot.run(query, (*some, *bounds)))
    if not held:
        return
    found.forget(BY_NAME["orders"], held)
    if rest := orders - held:
        parts["order"] = rest
    else:
        del parts["order"]


def hold_back_staged(staging: Staging, found: Found, now: datetime) -> None:
    """The same for a copy: what is staged of such orders goes, and what was noted of them."""
    staging.flush()
    held = {order for (order,) in staging.database.execute(_STAGED, _get_bounds(now))}
    staging.database.executemany("DELETE FROM staged_shop_order WHERE id = ?", [(id_,) for id_ in held])
    found.forget(BY_NAME["orders"], held)


def _get_bounds(now: datetime) -> tuple[str, str]:
    """When an order was changed that may be unfinished; a clock that is far ahead tells nothing."""
    patience = timedelta(seconds=PATIENCE)
    return f"{now - patience:%Y-%m-%d %H:%M:%S}", f"{now + patience:%Y-%m-%d %H:%M:%S}"
