"""Keys issued, changed, rotated and revoked on the command line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from tillroll.cli.customers import find_customer
from tillroll.cli.keys.find import find_key
from tillroll.cli.keys.pair import show_pair
from tillroll.cli.limits import NONE, limit_options, read_end, read_grace, read_limits, read_words
from tillroll.cli.refusals import Refusal, describe_invalid
from tillroll.cli.stores import changing

if TYPE_CHECKING:
    from tillroll.access.models import ApiKey
    from tillroll.access.services import KeyLimits

expires_option = click.option(
    "--expires", metavar="DAY|TIME", help="Its last day in the shop's zone (2027-12-31), or a time (90d)."
)
network_option = click.option(
    "--network",
    "networks",
    multiple=True,
    metavar="ADDRESS",
    help="An address or network that it may be used from; may be repeated.",
)


@click.command()
@click.argument("user", required=False)
@click.option(
    "--customer", metavar="ID|EMAIL", help="A buyer's key: it sees this customer's own records alone."
)
@click.option("--label", default="", help="What the key is for; the request log shows it.")
@expires_option
@network_option
@limit_options
@changing
def issue(
    user: str | None,
    customer: str | None,
    label: str,
    expires: str | None,
    networks: tuple[str, ...],
    **chosen: Any,
) -> None:
    """Make a key for USER, or for a customer, and show it with its token this once."""
    from django.core.exceptions import ValidationError

    from tillroll.access.services import KeyLimits, issue_customer_key, issue_key
    from tillroll.cli.users import find_user

    if (user is None) == (customer is None):
        raise Refusal("Say whose key it is: `tillroll keys issue USER`, or --customer ID.")
    owner = find_user(user) if user else None
    buyer = find_customer(customer) if customer else None
    limits = _change_limits(KeyLimits(), expires, networks, chosen)
    try:
        if buyer:
            key, pair = issue_customer_key(buyer, label=label, limits=limits)
        else:
            assert owner is not None  # noqa: S101 (one of the two was given)
            key, pair = issue_key(owner, label=label, limits=limits)
    except ValidationError as error:
        raise Refusal(describe_invalid(error)) from error
    if buyer:
        click.echo(f"A key of {key.user.username} for the records of customer {buyer.pk} alone.\n")
    show_pair(pair)
    if not key.user.is_active:
        name = key.user.username
        click.echo(
            f"{name} is disabled: the key answers nothing until `tillroll user enable {name}`.", err=True
        )
    if owner and not owner.capabilities:
        click.echo(
            f"{owner.username} has no role that may read the shop's figures;"
            f" give one: tillroll user role {owner.username} shop_manager",
            err=True,
        )


@click.command("set")
@click.argument("key")
@click.option("--label", help="What the key is for.")
@expires_option
@network_option
@limit_options
@changing
def set_key(
    key: str, label: str | None, expires: str | None, networks: tuple[str, ...], **chosen: Any
) -> None:
    """Change label and limits of KEY; what is not named stays, `none` empties."""
    from django.core.exceptions import ValidationError

    from tillroll.access.services import KeyLimits, set_key_limits

    found = find_key(key)
    if found.revoked_at:
        raise Refusal(_tell_revoked(found))
    kept = KeyLimits(
        found.expires_at,
        found.networks,
        tuple(found.endpoints.split()),
        tuple(found.hidden_fields.split()),
        found.rate_minute,
        found.quota_day,
        found.quota_month,
    )
    limits = _change_limits(kept, expires, networks, chosen)
    new_label = found.label if label is None else "" if label.lower() == NONE else label
    if (limits, new_label) == (kept, found.label):
        raise Refusal("Nothing would change; `tillroll keys set --help` says what can be set.")
    try:
        set_key_limits(found, label=new_label, limits=limits)
    except ValidationError as error:
        raise Refusal(describe_invalid(error)) from error
    click.echo(f"Changed {found.public_key} of {found.user.username}; it counts from the next request on.")


@click.command()
@click.argument("key")
@click.option(
    "--grace",
    default="7d",
    show_default=True,
    metavar="TIME",
    help="How long the old pair still answers: 7d, 12h, 2w; 0 ends it at once.",
)
@changing
def rotate(key: str, grace: str) -> None:
    """Make a successor of KEY, with the same rights, limits and counters, and show it this once."""
    from django.core.exceptions import ValidationError

    from tillroll.access.services import rotate_key
    from tillroll.shop.services import get_zone
    from tillroll.shop.zone import describe_time

    found = find_key(key)
    length = read_grace(grace)
    try:
        _, pair = rotate_key(found, grace=length)
    except ValidationError as error:
        raise Refusal(describe_invalid(error)) from error
    found.refresh_from_db()
    assert found.expires_at is not None  # noqa: S101 (a rotation sets it)
    if length:
        end = describe_time(found.expires_at, get_zone())
        click.echo(f"The old key {found.public_key} answers until {end}.\n")
    else:
        click.echo(f"The old key {found.public_key} has ended.\n")
    show_pair(pair)


@click.command()
@click.argument("key", required=False)
@click.option("--user", metavar="NAME", help="All keys of a user.")
@changing
def revoke(key: str | None, user: str | None) -> None:
    """End the key that is KEY or begins with it, or all keys of a user, at once."""
    from tillroll.access.services import revoke_key, revoke_keys
    from tillroll.cli.users import find_user

    if (key is None) == (user is None):
        raise Refusal("Say which: `tillroll keys revoke KEY`, or --user NAME for all of a user.")
    if user:
        owner = find_user(user)
        count = revoke_keys(owner)
        if not count:
            raise Refusal(f"{owner.username} has no key that is not revoked already.")
        click.echo(f"Revoked {count} {'key' if count == 1 else 'keys'} of {owner.username}.")
        return
    assert key is not None  # noqa: S101 (one of the two was given)
    found = find_key(key)
    if found.revoked_at:
        raise Refusal(_tell_revoked(found))
    revoke_key(found)
    click.echo(f"Revoked {found.public_key} of {found.user.username}.")
    for other in _list_rest_of_line(found):
        click.echo(
            f"{other.public_key}, of the same line of rotations, still answers;"
            f" to end it too: tillroll keys revoke {other.public_key}",
            err=True,
        )


def _change_limits(
    kept: "KeyLimits", expires: str | None, networks: Sequence[str], chosen: dict[str, Any]
) -> "KeyLimits":
    """The limits that a key has, with those that were named in place of them."""
    from dataclasses import replace

    limits = replace(kept, **read_limits(**chosen))
    if expires is not None:
        limits = replace(limits, expires_at=read_end(expires))
    if networks:
        limits = replace(limits, networks=" ".join(read_words("--network", networks)))
    return limits


def _tell_revoked(key: "ApiKey") -> str:
    return f"That key was revoked on {key.revoked_at:%Y-%m-%d at %H:%M:%S} UTC already."


def _list_rest_of_line(key: "ApiKey") -> "list[ApiKey]":
    """The keys in force that took over from this one, or from which it took over."""
    from django.db.models import Q
    from django.utils import timezone

    from tillroll.access.models import ApiKey

    line = ApiKey.objects.filter(Q(pk=key.meter) | Q(meter_id=key.meter)).order_by("pk")
    now = timezone.now()
    return [one for one in line if one.pk != key.pk and one.is_in_force(now)]
