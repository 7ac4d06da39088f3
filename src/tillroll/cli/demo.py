"""`tillroll demo`: a believable shop to look at and to build against."""

from typing import TYPE_CHECKING

import click

from tillroll.cli.progress import show_progress
from tillroll.cli.refusals import Refusal
from tillroll.cli.stores import migrate_stores, require_unmirrored, set_up

if TYPE_CHECKING:
    from tillroll.intake.demo import Access

ORDERS = 2_000
"""How many sales a demo shop has unless told otherwise: a second's work, and every page is full."""


@click.command(short_help="Fill an empty shop with made-up records, up to today.")
@click.option("--orders", default=ORDERS, show_default=True, type=click.IntRange(1, 1_000_000), help="Sales.")
@click.option("--seed", default=1, show_default=True, help="Another seed, another shop.")
@click.option(
    "--dialect",
    type=click.Choice(["documented", "edd3"]),
    default="documented",
    show_default=True,
    help="How the API answers; EDD's mobile apps of today want edd3.",
)
@click.option("--if-empty", is_flag=True, help="Do nothing when the shop has records.")
def demo(orders: int, seed: int, dialect: str, if_empty: bool) -> None:
    """Fill an empty shop, or replace the demo shop, with made-up records up to today."""
    set_up()
    from tillroll.intake.demo import ensure_access, is_empty

    migrate_stores()
    require_unmirrored()
    if if_empty and not is_empty():
        click.echo("The shop has records; nothing was done.")
        return
    fill(orders, seed=seed, dialect=dialect)
    access = ensure_access()
    if access:
        show_access(access, "http://127.0.0.1:8000")


def fill(orders: int = ORDERS, *, seed: int = 1, dialect: str = "documented") -> None:
    """Fills the demo shop, with a progress bar on a terminal, and says what is in it now."""
    from tillroll.intake.demo import NotADemo, fill_demo

    try:
        with show_progress("TaskProgressColumn", "Making orders", orders) as on_progress:
            counts = fill_demo(
                orders,
                seed=seed,
                dialect=dialect,
                on_progress=lambda done, label: on_progress(done, orders, label),
            )
    except NotADemo as error:
        raise Refusal(str(error)) from error
    click.echo(
        f"A demo shop: {counts.products} products, {counts.customers:,} customers, {counts.orders:,} sales,"
        f" {counts.refunds:,} refunds, {counts.downloads:,} file downloads."
    )


def show_access(access: "Access", url: str) -> None:
    """Curl lines that work as they stand, and the login."""
    credentials = f"key={access.public_key}&token={access.token}"
    lines = (
        ("products", "v2/products/", ""),
        ("sales", "v2/sales/", "&number=5"),
        ("customers", "v2/customers/", "&number=5"),
        ("stats", "v2/stats/", "&type=earnings&date=this_month"),
        ("as XML", "v2/products/", "&format=xml"),
    )
    click.echo("\nThe demo shop's API:")
    for name, path, more in lines:
        click.echo(f"  {name:<10} curl '{url}/edd-api/{path}?{credentials}{more}'")
    click.echo(f"\nIts back office, from this machine only: {url}/admin/")
    click.echo(f"  login      {access.login}\n  password   {access.password}")
    click.echo(f"\nThese are kept in {access.path}; an import replaces the demo shop and removes them.\n")
