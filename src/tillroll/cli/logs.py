"""`tillroll logs`: the log of API requests shown, exported, counted and pruned."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from tillroll.cli.keys.find import SHORTEST
from tillroll.cli.refusals import Refusal
from tillroll.cli.stores import on_shop

if TYPE_CHECKING:
    from tillroll.access.logbook import Selection

MOST_KEYS = 50
"""Keys that `stats` names; the others are counted together."""


@click.group()
def logs() -> None:
    """Show, export, count and prune the log of API requests."""


def _filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that select lines, alike for all commands."""
    for option in reversed(
        (
            click.option("--since", default="", metavar="DAY", help="First day, on the shop's clock."),
            click.option("--until", default="", metavar="DAY", help="Last day."),
            click.option("--status", default="", help="Such as 403, 4xx, or error for every failure."),
            click.option("--endpoint", default="", help="Such as sales."),
            click.option("--api-version", "version", default="", metavar="VERSION", help="v1 or v2."),
            click.option("--key", default="", help="A key or its beginning, or its id."),
            click.option("--user", default="", help="A user's name or e-mail address."),
            click.option(
                "--search",
                "text",
                default="",
                metavar="TEXT",
                help="An address, network, e-mail, key or words.",
            ),
        )
    ):
        command = option(command)
    return command


@logs.command()
@_filters
@click.option(
    "--number", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many lines."
)
@on_shop
def show(number: int, **filters: str) -> None:
    """Show the newest lines, newest first. Times are UTC."""
    from tillroll.access.logbook import list_lines
    from tillroll.cli.tables import print_table
    from tillroll.shop.services import get_zone

    lines = list_lines(_select(**filters), get_zone())
    rows = [
        (
            f"{line.at:%Y-%m-%d %H:%M:%S}",
            str(line.status),
            " ".join(part for part in (line.version, line.endpoint) if part),
            line.question,
            line.user_name,
            _name_key(line),
            line.address,
            f"{line.milliseconds:.1f}",
            str(line.size),
            line.error,
        )
        for line in lines[:number]
    ]
    if not rows:
        click.echo("No lines.")
        return
    print_table(
        ("When (UTC)", "Status", "Endpoint", "Question", "User", "Key", "Address", "ms", "Bytes", "Error"),
        rows,
    )


@logs.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "ndjson"]),
    default="csv",
    show_default=True,
    help="A table, or a JSON object a line.",
)
@_filters
@on_shop
def export(file: Path, form: str, **filters: str) -> None:
    """Write the lines, oldest first, to FILE, or to standard output for -."""
    from django.utils import timezone

    from tillroll.access.log_export import ExportFormat, export_lines
    from tillroll.shop.services import get_zone

    selection = _select(**filters)
    written = 0
    with _open(file) as target, _show_progress() as advance:
        for count, piece in export_lines(selection, get_zone(), ExportFormat(form), timezone.now()):
            target.write(piece)
            written += count
            advance(count)
        target.flush()
    click.echo(f"Wrote {written} lines.", err=True)


@logs.command()
@click.option(
    "--days", type=click.IntRange(0, 36_500), help="Keep so many days, whatever the settings say; 0: all."
)
@click.option("--megabytes", type=click.IntRange(min=0), help="Keep so many megabytes; 0: any number.")
@on_shop
def prune(days: int | None, megabytes: int | None) -> None:
    """Remove old lines, as the settings log_keep_days and log_keep_megabytes say, or as told."""
    from django.utils import timezone

    from tillroll.access.retention import prune_age, prune_size, run_batches
    from tillroll.shop.services import get_settings

    shop = get_settings()
    if days is None and megabytes is None:
        days, megabytes = shop.log_keep_days, shop.log_keep_megabytes
    with _show_progress() as advance:
        old = run_batches(prune_age(days or 0, timezone.now()), advance)
        more = run_batches(prune_size(megabytes or 0), advance)
    click.echo(f"Removed {old} lines by age and {more} by size.")


@logs.command()
@_filters
@on_shop
def stats(**filters: str) -> None:
    """Count calls and errors a day and a key, of the last 30 days unless told otherwise."""
    from django.utils import timezone

    from tillroll.access.logbook import KeyCount, count_by_day, count_by_key
    from tillroll.cli.tables import print_table
    from tillroll.shop.services import get_zone

    selection, zone, now = _select(**filters), get_zone(), timezone.now()
    days = count_by_day(selection, zone, now)
    print_table(("Day", "Calls", "Errors"), [(str(one.day), str(one.calls), str(one.errors)) for one in days])
    click.echo()
    keys = count_by_key(selection, zone, now)
    if rest := keys[MOST_KEYS:]:
        both = sum(one.calls for one in rest), sum(one.errors for one in rest)
        keys = [*keys[:MOST_KEYS], KeyCount(None, f"{len(rest)} others", *both)]
    print_table(("Key", "Calls", "Errors"), [(one.label, str(one.calls), str(one.errors)) for one in keys])
    click.echo(f"\n{sum(one.calls for one in days)} calls, {sum(one.errors for one in days)} errors.")


def _select(
    *, since: str, until: str, status: str, endpoint: str, version: str, key: str, user: str, text: str
) -> "Selection":
    """The selection that the options mean; a SelectionError is the sentence for what they can't mean."""
    from tillroll.access.logbook import Selection, read_day
    from tillroll.cli.users import find_user

    return Selection(
        since=read_day(since),
        until=read_day(until),
        status=status,
        endpoint=endpoint,
        version=version,
        key_id=_find_key(key) if key else None,
        user_id=find_user(user).wire_id if user else None,
        text=text,
    )


def _find_key(key: str) -> int:
    """The id of a key, by itself or as the one key that begins with a text; refuses others."""
    from tillroll.access.log_search import list_keys_beginning

    found = list_keys_beginning(key) if len(key) >= SHORTEST else []
    if len(found) == 1:
        return found[0]
    if key.isascii() and key.isdecimal() and len(key) < 10:
        return int(key)
    many = "Several keys begin" if found else "No key begins"
    raise Refusal(f"{many} with {key}; `tillroll keys list` shows them.")


def _name_key(line: Any) -> str:
    if line.key_id is not None:
        return line.key_label or f"key {line.key_id}"
    return f"unknown: {line.key_start}…" if line.key_start else ""


@contextmanager
def _open(file: Path) -> Iterator[BinaryIO]:
    if str(file) == "-":
        yield sys.stdout.buffer
        return
    with file.open("wb") as target:
        yield target


def _advance_silently(_count: int) -> None:
    """What a pipe sees of the progress."""


@contextmanager
def _show_progress() -> Iterator[Callable[[int], None]]:
    """On a terminal how many lines are done so far."""
    if not sys.stderr.isatty():
        yield _advance_silently
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} lines"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda count: progress.advance(task, count)
