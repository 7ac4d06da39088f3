"""Keys listed and shown, never with a secret or a digest."""

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tillroll.cli.keys.find import find_key
from tillroll.cli.refusals import Refusal
from tillroll.cli.stores import on_shop

if TYPE_CHECKING:
    from tillroll.cli.keys.view import KeyView

_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")


@click.command("list")
@click.option("--user", metavar="NAME", help="Those of one user.")
@click.option("--all", "with_ended", is_flag=True, help="Revoked and ended ones too.")
@click.option("--old-pepper", is_flag=True, help="Those that still need an old pepper.")
@click.option("--month", metavar="YYYY-MM", help="Calls of that month of the shop's, in place of this one's.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON list, times in UTC.")
@on_shop
def list_keys(user: str | None, with_ended: bool, old_pepper: bool, month: str | None, as_json: bool) -> None:
    """Show the keys in force with holder, rights, limits and use, without their secrets."""
    from django.db.models import Q
    from django.utils import timezone

    from tillroll.access.counting import list_counts, name_key
    from tillroll.access.digests import pepper_id
    from tillroll.access.models import ApiKey
    from tillroll.cli.keys.view import list_views
    from tillroll.cli.tables import print_table
    from tillroll.cli.users import find_user

    if month and not _MONTH.fullmatch(month):
        raise Refusal(f"{month} is no month; one looks like 2026-10.")
    found = ApiKey.objects.select_related("user").order_by("created_at", "pk")
    if user:
        found = found.filter(user=find_user(user))
    if old_pepper:
        found = found.filter(~Q(pepper_id=pepper_id()) | ~Q(bearer_pepper_id__in=("", pepper_id())))
    ended = Q(revoked_at__isnull=False) | Q(expires_at__lte=timezone.now())
    hidden = 0
    if not with_ended:
        hidden = 0 if old_pepper else found.filter(ended).count()
        found = found.exclude(ended)
    views = list_views(found)
    calls = {view.key.pk: view.usage.this_month for view in views}
    if month:
        counts = list_counts({name_key(view.key.meter) for view in views}, month)
        calls = {view.key.pk: counts.get(name_key(view.key.meter), 0) for view in views}
    if as_json:
        asked = [_encode(view) | ({"calls_in_month": calls[view.key.pk]} if month else {}) for view in views]
        click.echo(json.dumps(asked, indent=2, ensure_ascii=False))
        return
    if views:
        columns = ("Key", "Holder", "Label", "Reads", "Limits", "Last use", month or "This month", "State")
        print_table(columns, [_make_row(view, calls[view.key.pk]) for view in views])
    elif old_pepper:
        click.echo("No key needs an old pepper.")
    elif hidden:
        click.echo("No key is in force; `tillroll keys issue USER` makes one.")
    else:
        click.echo("There are no keys; `tillroll keys issue USER` makes one.")
    if hidden:
        click.echo(f"{hidden} more {'has' if hidden == 1 else 'have'} ended; --all shows them.", err=True)


def _make_row(view: "KeyView", calls: int) -> tuple[str, ...]:
    key = view.key
    return (
        key.public_key,
        key.user.username,
        key.label,
        view.rights,
        view.limits,
        view.describe_time(view.usage.last_at, "never"),
        str(calls),
        view.state,
    )


def _encode(view: "KeyView") -> dict[str, object]:
    """A key for programs. Keys of one `line` of rotations share their counts."""
    key, policy, usage = view.key, view.policy, view.usage
    return {
        "key": key.public_key,
        "line": key.meter,
        "holder": key.user.username,
        "label": key.label,
        "customer_id": key.customer_id,
        "capabilities": [] if key.customer_id is not None else key.user.capabilities.split(),
        "endpoints": policy.list_endpoints(),
        "hidden_fields": sorted(policy.hidden),
        "limits": {"minute": policy.minute, "day": policy.day, "month": policy.month},
        "networks": key.networks.split(),
        "created_at": _write_time(key.created_at),
        "expires_at": _write_time(key.expires_at),
        "revoked_at": _write_time(key.revoked_at),
        "last_used_at": _write_time(usage.last_at),
        "last_address": usage.last_address,
        "calls_today": usage.today,
        "calls_this_month": usage.this_month,
        "state": view.state,
    }


def _write_time(moment: datetime | None) -> str | None:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment else None


@click.command()
@click.argument("key")
@on_shop
def show(key: str) -> None:
    """Show everything about KEY but its secrets; times are the shop's."""
    from tillroll.cli.keys.view import list_views

    [view] = list_views([find_key(key)])
    found, usage = view.key, view.usage
    used = view.describe_time(usage.last_at, "never")
    if usage.last_at:
        used += f" from {usage.last_address}"
    roles = ", ".join(found.user.role_slugs.split("\n")) if found.user.role_slugs else "no role"
    rows = (
        ("key", found.public_key),
        ("state", view.state),
        ("label", found.label),
        ("holder", f"{found.user.username} ({roles})"),
        ("reads", view.rights),
        ("endpoints", ", ".join(view.policy.list_endpoints())),
        ("hides", ", ".join(sorted(view.policy.hidden))),
        ("addresses", ", ".join(found.networks.split())),
        *_describe_rates(view),
        ("made", view.describe_time(found.created_at, "")),
        ("ends", view.describe_time(found.expires_at, "never")),
        ("last use", used),
        ("calls", f"{usage.today} today, {usage.this_month} this month"),
        ("token", _describe_pepper(found.pepper_id)),
        ("bearer", _describe_pepper(found.bearer_pepper_id)),
    )
    for name, value in rows:
        click.echo(f"{name:<11}{value or _EMPTY.get(name, '-')}")


_EMPTY = {"hides": "nothing", "addresses": "any", "bearer": "none", "endpoints": "none"}
"""What the absence of a value means."""


def _describe_rates(view: "KeyView") -> list[tuple[str, str]]:
    """Each limit, and whether it is the key's own or comes from its holder's roles."""
    rates = (
        ("a minute", view.policy.minute, view.key.rate_minute),
        ("a day", view.policy.day, view.key.quota_day),
        ("a month", view.policy.month, view.key.quota_month),
    )
    return [
        (name, "no limit" if limit is None else f"{limit} ({'its own' if own else 'by role'})")
        for name, limit, own in rates
    ]


def _describe_pepper(name: str) -> str:
    """Whether what is kept of a secret can be compared."""
    from tillroll.access.digests import list_pepper_ids, pepper_id

    if not name:
        return ""
    if name == pepper_id():
        return f"kept as a digest under pepper {name}"
    old = "an old pepper" if name in list_pepper_ids() else "a pepper that is lost"
    return f"kept as a digest under {name}, {old}"
