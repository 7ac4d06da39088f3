"""Which key a command means; refuses what is not clearly meant."""

from typing import TYPE_CHECKING

from tillroll.cli.refusals import Refusal

if TYPE_CHECKING:
    from tillroll.access.models import ApiKey

SHORTEST = 4
"""How much of a public key has to be given: less would be a slip of the finger."""


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
