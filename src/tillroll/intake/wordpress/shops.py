"""Which WordPress sites a dump holds, told from the names of its tables alone.

A network of sites keeps each site's tables under a prefix of its own (wp_2_), all users under the network's.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

_SITE_NUMBER = re.compile(r"[1-9][0-9]*_\Z")


class ShopKind(StrEnum):
    EDD3 = "EDD 3"
    EDD2 = "EDD 2"
    """Customers, but no orders of their own: EDD 2 kept its payments as posts."""
    NO_EDD = "WordPress without EDD"


@dataclass(frozen=True)
class Shop:
    """A WordPress site. `users_prefix` is that of its users and usermeta; None where they are not there."""

    prefix: str
    kind: ShopKind
    users_prefix: str | None


def find_shops(table_names: Iterable[str]) -> list[Shop]:
    """Every WordPress site among the tables, by prefix; empty where there is none.

    That an EDD 3 shop's older payments were taken over can't be told from names: its options say that.
    """
    names = set(table_names)
    prefixes = sorted(name.removesuffix("options") for name in names if name.endswith("options"))
    return [
        Shop(prefix, _get_kind(names, prefix), _get_users_prefix(names, prefix))
        for prefix in prefixes
        if f"{prefix}posts" in names
    ]


def _get_kind(names: set[str], prefix: str) -> ShopKind:
    if f"{prefix}edd_orders" in names:
        return ShopKind.EDD3
    return ShopKind.EDD2 if f"{prefix}edd_customers" in names else ShopKind.NO_EDD


def _get_users_prefix(names: set[str], prefix: str) -> str | None:
    for owner in (prefix, _SITE_NUMBER.sub("", prefix)):
        if f"{owner}users" in names and f"{owner}usermeta" in names:
            return owner
    return None
