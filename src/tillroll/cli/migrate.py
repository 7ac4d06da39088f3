"""`tillroll migrate`: both databases brought up to this version."""

import click

from tillroll.cli.stores import migrate_stores, set_up


@click.command(short_help="Bring both databases up to this version.")
def migrate() -> None:
    """Bring both databases up to this version (`serve` does so by itself)."""
    set_up()
    applied = migrate_stores()
    for name in applied:
        click.echo(name)
    click.echo(f"{len(applied)} migrations applied." if applied else "Both databases are up to date.")
