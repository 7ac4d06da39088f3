"""`tillroll reconcile`: everything that is kept, compared with the records, or with those of a source."""

import sys
from typing import Any

import click

from tillroll.cli.refusals import Refusal
from tillroll.cli.sources import read_address, source_options
from tillroll.cli.stores import on_shop

_OWN = "the mirror's"


@click.command(short_help="Compare kept figures with the records, or a source.")
@click.option("--repair", is_flag=True, help="Set everything right, all at once or not at all.")
@click.option(
    "--source",
    is_flag=False,
    flag_value=_OWN,
    metavar="[mysql://USER@HOST/DATABASE]",
    help="Compare with the database that the mirror follows, or with another way to it.",
)
@source_options
@on_shop
def reconcile(repair: bool, source: str | None, **way: Any) -> None:
    """Compute all totals, figures and counts anew, and print each that is kept wrongly with its orders.

    With --repair all answers that are kept are dropped as well, so that what was changed in a database shell
    is seen.

    With --source the figures of each day, product and customer, and the numbers of records, are compared with
    those that the rows of the mirror's source give, added up plainly.

    The exit code is 1 when something differs and is not repaired, else 0; 2 when the source can't be read.
    """
    if source is None and (way["tls"] != "auto" or any(way[name] for name in way if name != "tls")):
        raise Refusal("A password file and TLS are for a comparison with a source; name it by --source.")
    if source is not None:
        if repair:
            raise Refusal("--repair sets right what is kept here; a mirror follows its source by its rounds.")
        sys.exit(_compare_with_source(source, way))
    from tillroll.stats.reconcile import Reconciliation
    from tillroll.stats.rollup import repair as set_right

    reconciliation, found = Reconciliation(), 0
    for each in reconciliation:
        found += 1
        click.echo(f"{each.row}: {each.figure} is kept as {each.kept} and is {each.real}; {each.orders}.")
    compared = ", ".join(f"{count:,} {kind}" for kind, count in reconciliation.compared.items())
    click.echo(f"Compared {compared}: {f'{found:,} differ' if found else 'no difference'}.")
    if repair:
        set_right()
        click.echo("Everything is set right." if found else "Answers that were kept are dropped.")
    sys.exit(1 if found and not repair else 0)


def _compare_with_source(source: str, way: dict[str, Any]) -> int:
    from tillroll.intake.mirror.connection import Database, SourceProblem
    from tillroll.intake.mirror.following import choose
    from tillroll.intake.mirror.reconciling import compare, read_here, read_source
    from tillroll.shop.services import get_mirror, get_zone
    from tillroll.shop.statements import snapshot

    mirror = get_mirror()
    if mirror is None:
        raise Refusal("This shop follows no other, so that there is no source to compare it with.")
    address = read_address(mirror.address if source == _OWN else source, **way)
    try:
        database = Database(address)
        with snapshot():
            here = read_here()
        with database.snapshot() as moment:
            there = read_source(moment, choose(moment, address, mirror.prefix), get_zone())
        database.close()
    except SourceProblem as problem:
        raise Refusal(str(problem)) from problem
    differences = list(compare(here, there))
    for difference in differences:
        click.echo(str(difference))
    counts = ", ".join(f"{len(rows):,} {kind}s" for kind, rows in here.kinds.items() if kind != "number of")
    said = f"{len(differences):,} differ" if differences else "no difference"
    click.echo(f"Compared {counts} with {address}; the records here are {mirror.age} s old: {said}.")
    return 1 if differences else 0
