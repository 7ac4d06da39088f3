"""Counts that are kept: of records by kind, of a term's products, of a customer's downloads."""

from collections import Counter
from collections.abc import Iterable, Mapping

from django.utils import timezone

from tillroll.shop import ranks
from tillroll.shop.moments import bind_time
from tillroll.shop.statements import cut, run

BATCH = 400
"""Customers that one statement names by their ids."""

TERMS = """
SELECT t.id, (
    SELECT COUNT(*) FROM shop_productterm x JOIN shop_product p ON p.id = x.product_id
    WHERE x.term_id = t.id AND p.status = 'publish'
) AS products FROM shop_term t
"""

_TALLIES = {
    "product": "SELECT 'product:' || status AS name, COUNT(*) AS value FROM shop_product GROUP BY status",
    "customer": "SELECT 'customer' AS name, COUNT(*) AS value FROM shop_customer",
    "order": (
        "SELECT 'order:' || type || ':' || status AS name, COUNT(*) AS value"
        " FROM shop_order GROUP BY type, status"
    ),
    "discount": "SELECT 'discount:' || status AS name, COUNT(*) AS value FROM shop_discount GROUP BY status",
    "download": "SELECT 'download' AS name, COUNT(*) AS value FROM shop_filedownload",
}
TALLIES = " UNION ALL ".join(_TALLIES.values())


def refresh_terms() -> None:
    """How many published products have each category and tag."""
    run(
        f"UPDATE shop_term SET count = c.products FROM ({TERMS}) c"
        " WHERE c.id = shop_term.id AND c.products <> shop_term.count"
    )


def refresh_downloads(customers: Iterable[int] | None = None, *, is_change: bool = False) -> None:
    """How often each customer has downloaded a file; of some customers where they are named."""
    count = "(SELECT COUNT(*) FROM shop_filedownload d WHERE d.customer_id = shop_customer.id)"
    dated = ", modified_at = %s" if is_change else ""
    values = (bind_time(timezone.now()),) if is_change else ()
    statement = f"UPDATE shop_customer SET download_count = {count}{dated} WHERE download_count <> {count}"
    if customers is None:
        run(statement, values)
        return
    for some in cut(sorted(set(customers)), BATCH):
        run(f"{statement} AND id IN ({', '.join(['%s'] * len(some))})", (*values, *some))


def refresh_tallies() -> None:
    """How many records there are of each kind, and where in their lists they are."""
    run("DELETE FROM shop_tally")
    run(f"INSERT INTO shop_tally (name, value) {TALLIES}")
    ranks.rebuild()


def recount_tallies(kind: str) -> None:
    """How many records there are of a kind that has few: products or discounts."""
    run("DELETE FROM shop_tally WHERE name LIKE %s", (f"{kind}:%",))
    run(f"INSERT INTO shop_tally (name, value) {_TALLIES[kind]}")


def compare_tallies() -> tuple["Counter[str]", "Counter[str]"]:
    """The counts by kind that are kept, and those of the records; 0 for a kind that has none."""
    stored = Counter(dict(run("SELECT name, value FROM shop_tally WHERE value <> 0")))
    return stored, +Counter(dict(run(TALLIES)))


def adjust_tally(name: str, by: int) -> None:
    """Adds to one count, which begins at 0."""
    adjust_tallies({name: by})


def adjust_tallies(counts: Mapping[str, int]) -> None:
    """Adds to some counts, which begin at 0."""
    if changes := sorted((name, by) for name, by in counts.items() if by):
        run(
            f"INSERT INTO shop_tally (name, value) VALUES {', '.join(['(%s, %s)'] * len(changes))}"
            " ON CONFLICT (name) DO UPDATE SET value = shop_tally.value + excluded.value",
            [value for change in changes for value in change],
        )
