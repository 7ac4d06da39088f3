"""Which key or customer a command means; refuses what is not clearly meant."""

from typing import TYPE_CHECKING

from tillroll.cli.refusals import Refusal

if TYPE_CHECKING:
    from tillroll.access.models import ApiKey
    from tillroll.shop.models import Customer

SHORTEST = 4
"""How much of a public key has to be given: less would be a slip of the finger."""

LARGEST_ID = 2**63 - 1


def find_key(key: str) -> "ApiKey":
    """The key that is `key` or, alone of all, begins with it."""
    from tillroll.access.models import ApiKey

    if len(key) < SHORTEST:
        raise Refusal(f"Give at least the first {SHORTEST} characters of the key.")
    found = list(ApiKey.objects.filter(public_key__startswith=key).select_related("user").order_by("pk"))
    found = [one for one in found if one.public_key == key] or [
        one for one in found if one.public_key.startswith(key)
    ]
    if not found:
        raise Refusal(f"No key begins with {key}; `tillroll keys list --all` shows them.")
    if len(found) > 1:
        raise Refusal(f"Several keys begin with {key}; give more of it.")
    return found[0]


def find_customer(given: str) -> "Customer":
    """The customer of an id, or of any of their e-mail addresses."""
    from tillroll.shop.models import Customer, CustomerEmail
    from tillroll.shop.text import fold_case

    found = None
    if "@" in given:
        folded = fold_case(given.strip())
        found = Customer.objects.filter(email_folded=folded).first()
        if found is None:
            further = CustomerEmail.objects.filter(email_folded=folded).select_related("customer")
            first = further.order_by("pk").first()
            found = first.customer if first else None
    elif given.isascii() and given.isdigit() and int(given) <= LARGEST_ID:
        found = Customer.objects.filter(pk=int(given)).first()
    if found is None:
        raise Refusal(f"No customer is {given}; give the id or an e-mail address of one.")
    return found
