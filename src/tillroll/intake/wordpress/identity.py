"""Which source a dump's shop is: its home address names it, and a shop that moved is known again.

A shop changes its address (http to https, another domain) and is still the same. So where no source has the
address, one with the same address but for scheme, "www." and slashes is taken, else one that most of the
dump's orders are from: same id and same purchase key, a random text. A shop without orders is known by its
users. The source then takes the new address as its name. A copy of a shop, such as its staging site, is the
shop by this rule; its records have the same ids, so that the two could not be kept side by side anyway.
"""

from collections import Counter

from tillroll.access.models import User
from tillroll.intake.staging import Staging
from tillroll.shop.models import Order, Source, SourceKind

_SAMPLE = 200


def find_known_name(home: str, staging: Staging) -> str:
    """The name under which the shop that was read is known here, maybe an old address; else its home."""
    names = dict(Source.objects.filter(kind=SourceKind.WORDPRESS).values_list("pk", "name"))
    if not names or home in names.values():
        return home
    for name in names.values():
        if _get_core(name) == _get_core(home):
            return name
    for staged, here in (_list_orders(staging), _list_users(staging)):
        met = Counter(source for source, id_, _ in here if source in names and id_ in staged)
        same = Counter(source for source, id_, mark in here if source in names and staged.get(id_) == mark)
        if met:
            source, count = same.most_common(1)[0] if same else (None, 0)
            return names[source] if source is not None and count * 2 > met[source] else home
    return home


def _get_core(address: str) -> str:
    return address.lower().partition("://")[2].removeprefix("www.").rstrip("/")


_Known = tuple[dict[int, str], list[tuple[int | None, int, str]]]
"""Of some records that were read the id and a mark, and of those here with these ids source, id and mark."""


def _list_orders(staging: Staging) -> _Known:
    staged = dict(
        staging.database.execute(
            "SELECT id, payment_key_folded FROM staged_shop_order"
            " WHERE payment_key_folded <> '' ORDER BY id LIMIT ?",
            (_SAMPLE,),
        ).fetchall()
    )
    here = Order.objects.filter(pk__in=staged).values_list("source_id", "pk", "payment_key_folded")
    return staged, list(here)


def _list_users(staging: Staging) -> _Known:
    staged = {
        id_: f"{login} {email}"
        for id_, login, email in staging.database.execute(
            "SELECT id, login, email FROM user ORDER BY id LIMIT ?", (_SAMPLE,)
        )
    }
    here = User.objects.filter(wire_id__in=staged).values_list("source_id", "wire_id", "login", "email")
    return staged, [(source, id_, f"{login} {email}") for source, id_, login, email in here]
