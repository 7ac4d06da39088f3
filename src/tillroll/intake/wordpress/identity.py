"""Which source a dump's shop is: its home address names it, and a shop that moved is known again.

A shop changes its address (http to https, another domain) and is still the same. So where no source has the
address, one with the same address but for scheme, "www." and slashes is taken, else one that most of the
dump's orders are from: same id and same purchase key, a random text. A shop without orders is known by its
users. The source then takes the new address as its name. A copy of a shop, such as its staging site, is the
shop by this rule; its records have the same ids, so that the two could not be kept side by side anyway.
"""

from collections import Counter
from collections.abc import Iterable

from tillroll.access.models import User
from tillroll.intake.staging import Staging
from tillroll.shop.models import Order, Source, SourceKind

_SAMPLE = 200


def find_known_name(home: str, staging: Staging) -> str:
    """The name under which the staged shop is known here, which may be an address that it had; else its
    home."""
    names = dict(Source.objects.filter(kind=SourceKind.WORDPRESS).values_list("pk", "name"))
    if not names or home in names.values():
        return home
    for name in names.values():
        if _get_core(name) == _get_core(home):
            return name
    shared = _count_shared_orders(staging, names) or _count_shared_users(staging, names)
    return names[max(shared, key=lambda source: shared[source])] if shared else home


def _get_core(address: str) -> str:
    return address.lower().partition("://")[2].removeprefix("www.").rstrip("/")


def _count_shared_orders(staging: Staging, names: dict[int, str]) -> dict[int, int]:
    sample = staging.database.execute(
        "SELECT id, payment_key_folded FROM staged_shop_order"
        " WHERE payment_key_folded <> '' ORDER BY id LIMIT ?",
        (_SAMPLE,),
    ).fetchall()
    here = Order.objects.filter(source__in=names, pk__in=[id_ for id_, _ in sample])
    return _count(sample, here.values_list("source_id", "pk", "payment_key_folded"))


def _count_shared_users(staging: Staging, names: dict[int, str]) -> dict[int, int]:
    sample = staging.database.execute(
        "SELECT wire_id, login || ' ' || email FROM staged_access_user ORDER BY wire_id LIMIT ?", (_SAMPLE,)
    ).fetchall()
    here = User.objects.filter(source__in=names, wire_id__in=[id_ for id_, _ in sample])
    rows = here.values_list("source_id", "wire_id", "login", "email")
    return _count(sample, ((source, id_, f"{login} {email}") for source, id_, login, email in rows))


def _count(sample: Iterable[tuple[int, str]], here: Iterable[tuple[int | None, int, str]]) -> dict[int, int]:
    """By source: the records of the sample that are here, if they are most of those with these ids."""
    staged = dict(sample)
    same: Counter[int] = Counter()
    met: Counter[int] = Counter()
    for source, id_, mark in here:
        if source is not None:
            met[source] += 1
            same[source] += staged[id_] == mark
    return {source: count for source, count in same.items() if count * 2 > met[source]}
