"""A key as people look at it: what it may do, how often it was used, and whether it is in force."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING

from tillroll.cli.limits import describe_policy

if TYPE_CHECKING:
    from tillroll.access.models import ApiKey
    from tillroll.access.policy import Policy
    from tillroll.access.usage import Usage

READS = {
    "view_shop_reports": "sales and stats",
    "view_shop_sensitive_data": "customers",
    "manage_shop_discounts": "discounts",
}
"""What each capability opens in the API, in a word for a table."""


@dataclass(frozen=True, slots=True)
class KeyView:
    """`policy` is what counts in the end: the roles of the holder narrowed by the key's own limits."""

    key: "ApiKey"
    usage: "Usage"
    policy: "Policy"
    state: str
    zone: tzinfo

    @property
    def rights(self) -> str:
        """Which records it reads."""
        if self.key.customer_id is not None:
            return f"customer {self.key.customer_id} only"
        held = self.key.user.capabilities.split()
        return ", ".join(noun for name, noun in READS.items() if name in held) or "public products"

    def describe_time(self, moment: datetime | None, otherwise: str) -> str:
        """A time on the shop's clock, or what the absence of one means."""
        from tillroll.shop.zone import describe_time

        return describe_time(moment, self.zone) if moment else otherwise

    @property
    def limits(self) -> str:
        """What narrows it, in a line."""
        networks = ", ".join(self.key.networks.split())
        parts = (describe_policy(self.policy), f"from {networks}" if networks else "")
        return "; ".join(part for part in parts if part)


def list_views(keys: "Iterable[ApiKey]") -> list[KeyView]:
    """Keys with their use and state, in few statements whatever their number."""
    from django.utils import timezone

    from tillroll.access.policy import list_role_policies
    from tillroll.access.usage import list_usage
    from tillroll.shop.services import get_zone
    from tillroll.shop.statements import run

    found = list(keys)
    now, zone = timezone.now(), get_zone()
    usage = list_usage(found, now, zone)
    roles = list_role_policies(run, None)
    views = []
    for key in found:
        state = describe_state(key, now, zone)
        views.append(KeyView(key, usage[key.pk], key.get_policy(roles), state, zone))
    return views


def describe_state(key: "ApiKey", now: datetime, zone: tzinfo) -> str:
    """Whether a key opens the API, and if not, why."""
    from tillroll.access.digests import list_pepper_ids, pepper_id
    from tillroll.shop.zone import describe_time

    if key.revoked_at:
        return f"revoked {describe_time(key.revoked_at, zone)}"
    if key.expires_at and key.expires_at <= now:
        return f"ended {describe_time(key.expires_at, zone)}"
    if not key.user.is_active:
        return "holder disabled"
    peppers = [name for name in (key.pepper_id, key.bearer_pepper_id) if name]
    known = list_pepper_ids()
    if not any(name in known for name in peppers):
        return "pepper lost"
    parts = ["in force"]
    if key.expires_at:
        parts[0] += f" until {describe_time(key.expires_at, zone)}"
    if any(name not in known for name in peppers):
        parts.append("one pepper lost")
    elif any(name != pepper_id() for name in peppers):
        parts.append("old pepper")
    return ", ".join(parts)
