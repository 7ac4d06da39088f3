"""`tillroll move`: a shop in SQLite files, copied to PostgreSQL."""

from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING

import click

from tillroll.cli.progress import show_progress
from tillroll.cli.refusals import Refusal
from tillroll.cli.stores import hold_alone, require_migrated, set_up

if TYPE_CHECKING:
    from tillroll.databases import Description
    from tillroll.intake.move import Moved

VARIABLES = {"default": "TILLROLL_DATABASE_URL", "logs": "TILLROLL_LOGS_URL"}


@click.command(short_help="Copy a shop in SQLite to PostgreSQL.")
@click.option("--to", metavar="URL", help="An empty PostgreSQL for the records.")
@click.option(
    "--logs-to", metavar="URL", help="An empty PostgreSQL for the request log, the counters and the sessions."
)
def move(to: str | None, logs_to: str | None) -> None:
    """Copy a shop in SQLite to PostgreSQL, all of it or nothing; the server must be stopped.

    The password may be left out of an address: it is taken from TILLROLL_MOVE_PASSWORD, else from where
    libpq finds it (PGPASSWORD, ~/.pgpass). The SQLite files are not changed.
    """
    set_up()
    targets = {
        alias: _describe(url, option)
        for alias, url, option in (("default", to, "--to"), ("logs", logs_to, "--logs-to"))
        if url is not None
    }
    if not targets:
        raise Refusal("Say where to: tillroll move --to postgresql://user@host:5432/name.")
    require_migrated()
    began = monotonic()
    with hold_alone("move"):
        moved = _move(targets)
    _tell(moved, targets, monotonic() - began)


def _describe(url: str, option: str) -> "Description":
    from django.conf import settings

    from tillroll.databases import describe_postgresql

    described = describe_postgresql(url, option)
    described["PASSWORD"] = described["PASSWORD"] or settings.MOVE_PASSWORD
    return described


def _move(targets: Mapping[str, "Description"]) -> "Moved":
    from tillroll.intake.move import MoveRefused, move

    try:
        with show_progress("MofNCompleteColumn") as on_progress:
            return move(targets, on_progress)
    except MoveRefused as error:
        raise Refusal(str(error)) from error


def _tell(moved: "Moved", targets: Mapping[str, "Description"], seconds: float) -> None:
    """What was done, and what is left to do."""
    from django.db import connections

    click.echo(
        f"Copied {moved.rows:,} rows of {moved.tables} tables in {seconds:.0f} s; all counts and sums agree."
    )
    for column, number in moved.lost.items():
        click.echo(f"PostgreSQL can't keep the character NUL: {number} left out of {column}.")
    click.echo("Set these, with the password or without, and start the server:")
    for alias, target in targets.items():
        click.echo(f"  {VARIABLES[alias]}={_get_address(target)}")
    files = " and ".join(str(connections[alias].settings_dict["NAME"]) for alias in targets)
    click.echo(f"Nothing was changed in {files}.")
    if "logs" not in targets:
        click.echo("The request log, the counters and the sessions stay where they are.")


def _get_address(target: "Description") -> str:
    """A target's address without its password."""
    from urllib.parse import quote, urlencode

    user = f"{quote(target['USER'], safe='')}@" if target["USER"] else ""
    host = target["HOST"] if "/" not in target["HOST"] else quote(target["HOST"], safe="")
    port = f":{target['PORT']}" if target["PORT"] else ""
    given = {name: value for name, value in target["OPTIONS"].items() if isinstance(value, str)}
    more = f"?{urlencode(given)}" if given else ""
    return f"postgresql://{user}{host}{port}/{quote(target['NAME'], safe='')}{more}"
