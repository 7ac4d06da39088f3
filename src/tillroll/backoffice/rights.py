"""Who may see what in the back office: a superuser everything, others by their capabilities."""

from typing import Any, cast

from django.http import HttpRequest

from tillroll.access.capabilities import Capability
from tillroll.access.models import User

OPENS = frozenset(
    (
        Capability.VIEW_SHOP_REPORTS,
        Capability.VIEW_SHOP_SENSITIVE_DATA,
        Capability.MANAGE_SHOP_DISCOUNTS,
        Capability.MANAGE_SHOP_SETTINGS,
        Capability.EDIT_PRODUCTS,
        Capability.EDIT_ORDERS,
    )
)
"""Any of these opens the back office."""


def may(user: Any, *capabilities: Capability) -> bool:
    """Whether a user who may log in has a capability, any of those that are named."""
    return is_staff(user) and (
        user.is_superuser or not set(user.capabilities.split()).isdisjoint(capabilities)
    )


def may_enter(user: Any) -> bool:
    """Whether there is anything in the back office for a user."""
    return is_staff(user) and (user.is_superuser or not OPENS.isdisjoint(user.capabilities.split()))


def is_staff(user: Any) -> bool:
    return bool(user.is_active and user.is_staff)


def get_actor(request: HttpRequest) -> User:
    """Who works on a page; the site lets nobody in without a login."""
    return cast(User, request.user)
