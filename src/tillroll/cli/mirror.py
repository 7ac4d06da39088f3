"""`tillroll mirror`: a running WordPress shop with EDD, followed."""

import re
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from tillroll.cli.progress import show_progress
from tillroll.cli.refusals import Refusal
from tillroll.cli.sources import read_address, source_options
from tillroll.cli.stores import migrate_stores, set_up

if TYPE_CHECKING:
    from tillroll.intake.mirror.copying import Copied
    from tillroll.intake.mirror.following import Follower
    from tillroll.intake.mirror.rounds import Round


_LENGTH = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([smh]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600}


def _read_seconds(_context: click.Context, parameter: click.Parameter, text: str) -> float:
    """A length of time, such as 15s, 5m or 1h; a plain number is seconds."""
    found = _LENGTH.fullmatch(text.strip().lower())
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 0 < seconds <= 31 * 86_400:
        raise click.BadParameter(f"{text} is no length of time: 15s, 5m or 1h are", param=parameter)
    return seconds


@click.command(short_help="Follow a running WordPress shop with EDD by its database.")
@click.argument("source", required=False)
@click.option(
    "--every",
    callback=_read_seconds,
    metavar="TIME",
    default="15s",
    show_default=True,
    help="From one round to the next.",
)
@click.option(
    "--check-every",
    callback=_read_seconds,
    metavar="TIME",
    default="5m",
    show_default=True,
    help="From one thorough round, which finds deletions and silent changes, to the next.",
)
@click.option("--once", is_flag=True, help="Copy, or do one thorough round, and end.")
@click.option("--afresh", is_flag=True, help="Copy everything anew first.")
@click.option("--end", is_flag=True, help="End the mirror: the records stay, and are this shop's to change.")
@click.option("--prefix", metavar="wp_", help="The shop's table prefix, in a database of several shops.")
@source_options
def mirror(
    source: str | None,
    every: float,
    check_every: float,
    once: bool,
    afresh: bool,
    end: bool,
    prefix: str | None,
    **way: Any,
) -> None:
    """Copy a shop from WordPress' own database, then follow it round by round. SOURCE is
    mysql://USER@HOST/DATABASE.

    The database user needs SELECT on the shop's tables and nothing else. Its password is taken from
    TILLROLL_MIRROR_PASSWORD, from a file, or asked for. A copy or a round that was stopped goes on where it
    was.

    With --once the exit code tells how it went: 0 well, 3 the source can't be reached, 4 it refuses its
    reader, 5 its tables have changed, 1 something else, 2 the command was wrong.
    """
    set_up()
    from tillroll.intake.mirror.following import Follower, MirrorRefused, Plan, hold_folder

    migrate_stores()
    if end:
        _end()
        return
    if source is None:
        raise click.UsageError("Missing argument 'SOURCE', such as mysql://USER@HOST/DATABASE")
    address = read_address(source, **way)
    try:
        with hold_folder() as folder, show_progress("MofNCompleteColumn", "Copying") as on_progress:
            follower = Follower(Plan(address, prefix, every, check_every, afresh), folder, on_progress)
            if once:
                _run_once(follower)
            else:
                follower.follow(_sleep, _show)
    except MirrorRefused as error:
        raise Refusal(str(error)) from error


def _run_once(follower: "Follower") -> None:
    from tillroll.intake.mirror.connection import SourceProblem

    try:
        _show(follower.run(is_thorough=True), is_quiet=False)
    except SourceProblem as problem:
        click.echo(str(problem), err=True)
        sys.exit(problem.code)


def _show(done: "Round | Copied", *, is_quiet: bool = True) -> None:
    from tillroll.intake.mirror.copying import Copied

    if not isinstance(done, Copied):
        if done.changes or not is_quiet:
            click.echo(str(done))
        return
    counts = ", ".join(f"{change.total:,} {name}" for name, change in done.records.items() if change.total)
    click.echo(f"Copied {done.shop} ({done.url}) from {done.rows:,} rows in {done.seconds:.1f} s: {counts}.")
    for how_many, what, why in done.left_out:
        click.echo(f"Left out or repaired: {'' if how_many is None else f'{how_many:,} '}{what}; {why}.")


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _end() -> None:
    from tillroll.intake.mirror.following import MirrorRefused, hold_folder
    from tillroll.intake.mirror.record import forget

    try:
        with hold_folder():
            ended = forget()
    except MirrorRefused as error:
        raise Refusal(str(error)) from error
    if ended is None:
        raise Refusal("This shop follows no other: there is no mirror to end.")
    click.echo(f"This shop no longer follows {ended}; its records can be changed here.")
