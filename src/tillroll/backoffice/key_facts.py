"""What pages tell of keys beside their own columns: limits in words, usage, the policies of roles."""

from typing import Any

from django.utils import timezone

from tillroll.access.capabilities import HIDEABLE
from tillroll.access.policy import Policy, list_role_policies
from tillroll.access.states import KEY_STATES, KeyState
from tillroll.access.usage import list_usage
from tillroll.shop.services import get_zone
from tillroll.shop.statements import run


def list_limits(policy: Policy) -> list[str]:
    """A policy in words; empty where nothing is limited."""
    found = []
    if policy.endpoints is not None:
        found.append(f"only {', '.join(policy.list_endpoints()) or 'nothing'}")
    if policy.hidden:
        hidden = (label.lower() for kind, label in HIDEABLE.items() if kind in policy.hidden)
        found.append(f"without {', '.join(hidden)}")
    rates = (("minute", policy.minute), ("day", policy.day), ("month", policy.month))
    found += [f"{limit:,} a {name}" for name, limit in rates if limit is not None]
    return found


def get_role_policies() -> dict[str, Policy]:
    return list_role_policies(run, None)


def add_usage(keys: list[Any]) -> list[Any]:
    """Keys with their `usage`, in three statements whatever their number, and their state in words."""
    usage = list_usage(keys, timezone.now(), get_zone())
    for key in keys:
        key.usage = usage[key.pk]
        key.state_label = KEY_STATES[KeyState(key.state)]
    return keys
