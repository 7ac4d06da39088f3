"""From what differs to what is exchanged: whole members of the records, with all that hangs together.

An order is read anew with everything that belongs to it. Customers who have, or had, one e-mail hang
together, since only the first of them is found by it; so do users of one login, and the holders of API keys.
"""

from collections.abc import Collection, Iterable

from django.db.models import Q

from tillroll.access.models import User
from tillroll.intake.mirror.layouts import BY_NAME
from tillroll.intake.mirror.ledger import Ledger
from tillroll.intake.mirror.reader import Reader
from tillroll.intake.mirror.watching import Found
from tillroll.intake.wordpress.values import take_whole
from tillroll.shop.models import Customer, OrderItem, Source
from tillroll.shop.statements import cut

Parts = dict[str, Collection[int] | None]
"""By part the members that are exchanged; None for all."""

_BATCH = 500


def resolve(found: Found, reader: Reader, ledger: Ledger, source: Source, *, is_in_network: bool) -> Parts:
    """What is to be exchanged."""
    parts: Parts = {}
    if "options" in found.whole:
        parts |= {"catalogue": None, "role": None, "user": None}
    parts |= dict.fromkeys(found.whole & {"catalogue", "discount"})
    if orders := found.members["order"] | _find_orders(found, reader):
        parts["order"] = orders
    if downloads := found.members["download"]:
        parts["download"] = downloads
    customers, users = set(found.members["customer"]), set(found.members["user"])
    if is_in_network:
        # whether a network's user is this site's may hang on a purchase
        users |= _list_users_of(customers, reader)
    users |= _find_namesakes(users, reader, source)
    holders = {line.owner for line in ledger.list_all(BY_NAME["API keys"]).values()} if users else set()
    if "keys" in found.whole or users & holders:
        users |= holders
    if customers:
        parts["customer"] = customers | _find_twins(customers, reader)
    if users and "user" not in parts:
        parts["user"] = users
    return parts


def _find_orders(found: Found, reader: Reader) -> set[int]:
    """The orders of items whose fees changed, and those under a tax rate that became another."""
    items = found.members["item"]
    orders = _to_ids(order for _, order in reader.list_pairs(BY_NAME["order items"], "id", "order_id", items))
    for some in cut(items, _BATCH):
        orders.update(OrderItem.objects.filter(pk__in=some).values_list("order_id", flat=True))
    rates = sorted(found.tax_rates)
    return orders | _to_ids(
        order for _, order in reader.list_pairs(BY_NAME["orders"], "tax_rate_id", "id", rates)
    )


def _find_twins(customers: Collection[int], reader: Reader) -> set[int]:
    """Customers with an e-mail that one of these has or had; those that are not found by theirs are among
    them."""
    emails = {
        (email or "").casefold()
        for _, email in reader.list_pairs(BY_NAME["customers"], "id", "email", sorted(customers))
    }
    for some in cut(customers, _BATCH):
        emails.update(
            email.casefold() for email in Customer.objects.filter(pk__in=some).values_list("email", flat=True)
        )
    twins = set(Customer.objects.filter(email_folded="").exclude(email="").values_list("pk", flat=True))
    for names in cut(emails - {""}, _BATCH):
        twins.update(Customer.objects.filter(email_folded__in=names).values_list("pk", flat=True))
    return twins


def _find_namesakes(users: Collection[int], reader: Reader, source: Source) -> set[int]:
    """Users with a login that one of these has or had."""
    logins = {
        login or "" for _, login in reader.list_pairs(BY_NAME["users"], "ID", "user_login", sorted(users))
    }
    ours = User.objects.filter(source=source)
    for some in cut(users, _BATCH):
        logins.update(ours.filter(wire_id__in=some).values_list("login", flat=True))
    found: set[int] = set()
    for names in cut(logins, _BATCH):
        found.update(
            ours.filter(Q(login__in=names) | Q(username__in=names)).values_list("wire_id", flat=True)
        )
    return found


def _list_users_of(customers: Collection[int], reader: Reader) -> set[int]:
    users = _to_ids(
        user for _, user in reader.list_pairs(BY_NAME["customers"], "id", "user_id", sorted(customers))
    )
    for some in cut(customers, _BATCH):
        users.update(Customer.objects.filter(pk__in=some).values_list("user_id", flat=True))
    return users - {0}


def _to_ids(texts: Iterable[str | None]) -> set[int]:
    return {take_whole(text) for text in texts} - {0}
