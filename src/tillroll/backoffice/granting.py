"""Nobody gives away what they don't have: whoever works on roles and keys without being a superuser may not
hand out a capability that they lack, nor touch a superuser's or the demo's account.

Each check raises a ValidationError with the sentence that the page shows beside the field.
"""

from collections.abc import Iterable

from django.core.exceptions import ValidationError

from tillroll.access.capabilities import KNOWN, Capability
from tillroll.access.models import Role, User

BUYERS_KEY = (Capability.VIEW_SHOP_REPORTS, Capability.VIEW_SHOP_SENSITIVE_DATA)
"""What a buyer's key shows of its customer: orders and the customer's own record."""


def list_lacking(actor: User, capabilities: Iterable[str]) -> list[str]:
    """Those of some capabilities that somebody does not have; a superuser has all."""
    if actor.is_superuser:
        return []
    return sorted((set(capabilities) & KNOWN) - set(actor.capabilities.split()))


def check_account(actor: User, holder: User) -> None:
    """A superuser's keys and roles are a superuser's business, and the demo's."""
    if (holder.is_superuser or holder.is_demo) and not actor.is_superuser:
        what = "a superuser" if holder.is_superuser else "the demo"
        raise ValidationError(f"{holder} is {what}: only a superuser may change this account and its keys.")


def check_key(actor: User, holder: User, customer_id: int | None = None) -> None:
    """Whoever is shown a key's secrets can do what it can."""
    check_account(actor, holder)
    shows = BUYERS_KEY if customer_id is not None else holder.capabilities.split()
    if lacking := list_lacking(actor, shows):
        whose = "A buyer's key" if customer_id is not None else f"A key of {holder}"
        raise ValidationError(
            f"{whose} may do what you may not ({', '.join(lacking)}): somebody who may has to do this."
        )


def check_login(actor: User, holder: User) -> None:
    """Whoever lets somebody choose a password, or takes their second factor away, could log in as them."""
    check_account(actor, holder)
    if lacking := list_lacking(actor, holder.capabilities.split()):
        raise ValidationError(
            f"{holder} may do what you may not ({', '.join(lacking)}): somebody who may has to do this."
        )


def check_roles(actor: User, added: Iterable[Role]) -> None:
    """Roles that are newly given to a user."""
    for role in added:
        if lacking := list_lacking(actor, role.capabilities):
            raise ValidationError(
                f"{role.name} may do what you may not ({', '.join(lacking)}): you can't give it away."
            )


def describe_ungivable(actor: User, roles: Iterable[Role]) -> str:
    """The sentence beside a choice of roles, where some of them can't be chosen; else empty."""
    kept = [role.name for role in roles if list_lacking(actor, role.capabilities)]
    return f"You can't give a role that may do more than you: {', '.join(kept)}." if kept else ""


def check_capabilities(actor: User, added: Iterable[str]) -> None:
    """Capabilities that are newly given to a role."""
    if lacking := list_lacking(actor, added):
        raise ValidationError(
            f"You don't have {', '.join(lacking)} yourself, so you can't give it to a role."
        )
