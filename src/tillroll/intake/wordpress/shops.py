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


class ShopChoiceError(Exception):
    """The tables hold no shop that can be taken over, or several; the sentence says so."""


def choose_shop(where: str, shops: list[Shop], prefix: str | None) -> Shop:
    """The one whole EDD 3 shop among those found in a dump or database, or the one with a prefix."""
    if not shops:
        raise ShopChoiceError(
            f"{where} holds no WordPress: no tables named like wp_options and wp_posts."
            " The shop's whole database is wanted."
        )
    found = [shop for shop in shops if prefix in (None, shop.prefix)]
    if not found:
        names = ", ".join(shop.prefix for shop in shops)
        raise ShopChoiceError(f"{where} holds no WordPress with the prefix {prefix}; there is: {names}.")
    whole = [shop for shop in found if shop.kind == ShopKind.EDD3]
    if len(whole) > 1:
        names = ", ".join(shop.prefix for shop in whole)
        raise ShopChoiceError(
            f"{where} holds several shops, {names}:"
            f" choose one with --prefix, as in --prefix {whole[0].prefix}."
        )
    if not whole:
        if any(shop.kind == ShopKind.EDD2 for shop in found):
            raise ShopChoiceError(UNMIGRATED.format(where))
        raise ShopChoiceError(
            f"{where} holds a WordPress without Easy Digital Downloads: no table {found[0].prefix}edd_orders."
        )
    if whole[0].users_prefix is None:
        raise ShopChoiceError(
            f"{where} holds no users and no API keys: the tables {whole[0].prefix}users and"
            f" {whole[0].prefix}usermeta are missing. The shop's whole database is wanted."
        )
    return whole[0]


UNMIGRATED = (
    "{} is of a shop whose orders are still those of Easy Digital Downloads 2: update the plugin to version 3"
    " and let its upgrade take over the orders first."
)
