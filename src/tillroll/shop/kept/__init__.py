"""The figures that are kept beside the records, by EDD's definitions.

EDD stores these and lets them drift; here they change in the transaction that changes what they follow from.
A figure of the orders is a row of a ledger: defined once (ledgers, records), and measured by one SQL for some
orders before and after a change (changes), and for all when it is counted anew (recounting).
"""

from tillroll.shop.kept.changes import following
from tillroll.shop.kept.counts import (
    TERMS,
    adjust_tallies,
    adjust_tally,
    compare_tallies,
    recount_tallies,
    refresh_downloads,
    refresh_tallies,
    refresh_terms,
)
from tillroll.shop.kept.ledgers import Column, Entry, Ledger, keep, list_ledgers
from tillroll.shop.kept.records import CUSTOMERS, PRODUCTS
from tillroll.shop.kept.recounting import Recount, list_recounts, list_stretches, recount, recount_records
from tillroll.shop.locale import get_zone

__all__ = [
    "CUSTOMERS",
    "PRODUCTS",
    "TERMS",
    "Column",
    "Entry",
    "Ledger",
    "Recount",
    "adjust_tallies",
    "adjust_tally",
    "compare_tallies",
    "following",
    "keep",
    "list_ledgers",
    "list_recounts",
    "list_stretches",
    "recount",
    "recount_records",
    "recount_tallies",
    "refresh",
    "refresh_downloads",
    "refresh_tallies",
    "refresh_terms",
]


def refresh(*, is_change: bool = False) -> None:
    """Computes anew all that is kept with the records themselves, inside the caller's transaction; what was
    wrong counts as changed where that is said."""
    refresh_terms()
    refresh_downloads(is_change=is_change)
    refresh_tallies()
    recount((CUSTOMERS, PRODUCTS), get_zone(), is_change=is_change)
