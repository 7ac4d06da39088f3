"""The options that narrow a role or a key, and how they are read: what is not named stays, `none` empties."""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from tillroll.cli.refusals import Refusal

if TYPE_CHECKING:
    from tillroll.access.policy import Policy

C = TypeVar("C", bound=Callable[..., Any])

NONE = "none"
MOST = 2_147_483_647
"""The largest limit that both stores keep."""

_DURATION = re.compile(r"(\d{1,5})([hdw])")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


class Limits(TypedDict, total=False):
    """The limits that were named, as the services take them; empty or None where they are emptied."""

    endpoints: tuple[str, ...]
    hidden_fields: tuple[str, ...]
    rate_minute: int | None
    quota_day: int | None
    quota_month: int | None


def read_limit(_context: click.Context, _option: click.Parameter, given: str | None) -> int | None:
    """A number of requests from 1 up; `none` becomes 0, and what was not given None."""
    if given is None or given.lower() == NONE:
        return given if given is None else 0
    if not (given.isascii() and given.isdigit() and 1 <= int(given) <= MOST):
        raise click.BadParameter(f"{given} is no number of requests: 1 to {MOST}, or `none`.")
    return int(given)


def limit_options(command: C) -> C:
    """The options that roles and keys share, for a command that takes them as `**chosen`."""
    options = (
        click.option(
            "--endpoint",
            "endpoints",
            multiple=True,
            metavar="NAME",
            help="An endpoint that is allowed; may be repeated.",
        ),
        click.option(
            "--hide",
            "hidden",
            multiple=True,
            metavar="KIND",
            help="Comes out empty: emails, names, addresses, payments; may be repeated.",
        ),
        click.option("--per-minute", callback=read_limit, metavar="N", help="Requests in a minute."),
        click.option("--per-day", callback=read_limit, metavar="N", help="Requests in a day of the shop's."),
        click.option(
            "--per-month", callback=read_limit, metavar="N", help="Requests in a month of the shop's."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def read_limits(
    *,
    endpoints: Sequence[str],
    hidden: Sequence[str],
    per_minute: int | None,
    per_day: int | None,
    per_month: int | None,
) -> Limits:
    """The limits that were named, from what limit_options gave."""
    limits = Limits()
    if endpoints:
        limits["endpoints"] = read_words("--endpoint", endpoints)
    if hidden:
        limits["hidden_fields"] = read_words("--hide", hidden)
    if per_minute is not None:
        limits["rate_minute"] = per_minute or None
    if per_day is not None:
        limits["quota_day"] = per_day or None
    if per_month is not None:
        limits["quota_month"] = per_month or None
    return limits


def read_words(option: str, given: Sequence[str]) -> tuple[str, ...]:
    """The values of an option that may be repeated; `none` alone means none."""
    if NONE not in given:
        return tuple(given)
    if len(given) > 1:
        raise Refusal(f"{option} takes `none` alone, or values without it.")
    return ()


def read_duration(text: str) -> timedelta | None:
    """A length of time such as 90d; None for what is none."""
    found = _DURATION.fullmatch(text.strip().lower())
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


def read_end(text: str) -> datetime | None:
    """When a key ends: with a day of the shop's, or so long from now; None for `none`."""
    from django.utils import timezone

    from tillroll.shop.services import get_zone
    from tillroll.shop.zone import get_day_start

    if text.strip().lower() == NONE:
        return None
    now = timezone.now()
    length = read_duration(text)
    if length is not None:
        end = now + length
    else:
        try:
            day = date.fromisoformat(text if _DAY.fullmatch(text) else "")
            end = get_day_start(day + timedelta(days=1), get_zone())
        except (ValueError, OverflowError):
            raise Refusal(
                f"{text} is no end: give a day such as 2027-12-31, a time such as 90d, 12h or 4w, or `none`."
            ) from None
    if end <= now:
        raise Refusal(f"{text} is over; a key ends in the future, and `tillroll keys revoke` ends it now.")
    return end


def read_grace(text: str) -> timedelta:
    """How long an old pair still answers."""
    length = timedelta() if text.strip() == "0" else read_duration(text)
    if length is None:
        raise Refusal(f"{text} is no grace: give a time such as 7d, 12h or 2w, or 0 for none.")
    return length


def describe_policy(policy: "Policy") -> str:
    """What a policy narrows, in a line: 60 a minute, 1000 a day; sales, stats alone; no emails."""
    rates = [
        f"{limit} a {name}"
        for name, limit in (("minute", policy.minute), ("day", policy.day), ("month", policy.month))
        if limit is not None
    ]
    parts = [", ".join(rates)]
    if policy.endpoints is not None:
        parts.append(f"{', '.join(policy.list_endpoints()) or 'no endpoint'} alone")
    if policy.hidden:
        parts.append(f"no {', '.join(sorted(policy.hidden))}")
    return "; ".join(part for part in parts if part)
