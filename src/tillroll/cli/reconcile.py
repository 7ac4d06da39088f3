"""`tillroll reconcile`: everything that is kept, compared with the records."""

import sys

import click

from tillroll.cli.stores import on_shop


@click.command(short_help="Compare every kept figure with the records.")
@click.option("--repair", is_flag=True, help="Set everything right, all at once or not at all.")
@on_shop
def reconcile(repair: bool) -> None:
    """Compute all totals, figures and counts anew, and print each that is kept wrongly with its orders.

    With --repair all answers that are kept are dropped as well, so that what was changed in a database shell
    is seen.

    The exit code is 1 when something differs and is not repaired, else 0.
    """
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
